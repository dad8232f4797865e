import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.utils.Utils;

/** Prints clients/murmur2.tsv: keys, and what Java's partitioner takes modulo the number of partitions. */
class KeyTable {
    public static void main(String[] args) {
        for (int i = 0; i < 60; i++) {
            String key = switch (i % 4) {
                case 0 -> "key-" + i;
                case 1 -> Integer.toString(i * 7919);
                case 2 -> "ottla".repeat(i / 4 + 1);
                default -> "straße-" + (char) ('а' + i / 4) + "-雪";
            };
            System.out.println(key + "\t" + Utils.toPositive(Utils.murmur2(key.getBytes(StandardCharsets.UTF_8))));
        }
    }
}
