// franz-go against a node: `cases BOOTSTRAP LOGS MURMUR2 [CASE]` prints `case pass|fail seconds` for each case;
// `members BOOTSTRAP` runs members of groups that are told what to do on stdin.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

var (
	bootstrap, logs, murmur2 string
	admin                    *kadm.Client
)

// A case is told a topic of its own name that does not exist yet.
type namedCase struct {
	name string
	run  func(ctx context.Context, topic string)
}

func main() {
	bootstrap = os.Args[2]
	if os.Args[1] == "members" {
		serveMembers()
		return
	}
	logs, murmur2 = os.Args[3], os.Args[4]
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	check("the client", err)
	defer client.Close()
	admin = kadm.NewClient(client)
	for _, c := range slices.Concat(recordCases, topicCases, groupCases) {
		if len(os.Args) > 5 && os.Args[5] != c.name {
			continue
		}
		start := time.Now()
		verdict := "pass"
		if failure := attempt(c); failure != "" {
			verdict = "fail"
			check("the log of the case", os.WriteFile(filepath.Join(logs, "franz-go."+c.name+".log"), []byte(failure), 0o644))
		}
		fmt.Println(c.name, verdict, int(time.Since(start).Seconds()))
	}
}

func attempt(c namedCase) (failure string) {
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	defer func() {
		if reason := recover(); reason != nil {
			failure = fmt.Sprintf("%v\n%s", reason, debug.Stack())
		}
	}()
	c.run(ctx, "franz-go-"+c.name)
	return ""
}
