// franz-go against a node: `franz-go BOOTSTRAP LOGS MURMUR2 [CASE]` prints `case pass|fail seconds` for each case.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
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
	bootstrap, logs, murmur2 = os.Args[1], os.Args[2], os.Args[3]
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	check("the client", err)
	defer client.Close()
	admin = kadm.NewClient(client)
	for _, c := range append(recordCases, topicCases...) {
		if len(os.Args) > 4 && os.Args[4] != c.name {
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
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	defer func() {
		if reason := recover(); reason != nil {
			failure = fmt.Sprintf("%v\n%s", reason, debug.Stack())
		}
	}()
	c.run(ctx, "franz-go-"+c.name)
	return ""
}
