import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecordSerde;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;
import org.apache.kafka.coordinator.share.ShareCoordinatorRecordSerde;
import org.apache.kafka.coordinator.transaction.TransactionCoordinatorRecordSerde;
import org.apache.kafka.metadata.MetadataRecordSerde;
import org.apache.kafka.server.common.serialization.BytesApiMessageSerde;
import org.apache.kafka.server.log.remote.metadata.storage.generated.MetadataRecordType;

/**
 * Reads lines of a name, a version, what to read and what we write then; lets Apache's classes read and write the message,
 * or the record of a log, and reports where the bytes differ.
 */
class Exchange {
    public static void main(String[] arguments) throws Exception {
        Set<String> names = new HashSet<>();
        int compared = 0;
        int differences = 0;
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ", -1);
            short version = Short.parseShort(words[1]);
            String outcome;
            try {
                outcome = rewrite(words[0], version, words[2]);
            } catch (Exception error) {
                outcome = error.toString();
            }
            names.add(words[0]);
            compared++;
            if (!outcome.equals(words[3])) {
                differences++;
                System.out.println(words[0] + " " + version + ", of " + words[2]);
                System.out.println("  ours   " + words[3] + "\n  theirs " + outcome);
            }
        }
        System.out.println(compared + " instances of " + names.size() + " messages and logs exchanged, " + differences + " differences");
        System.exit(compared == 0 || differences > 0 ? 1 : 0);
    }

    private static final HexFormat HEX = HexFormat.of();

    private static final Map<String, CoordinatorRecordSerde> KEYED_LOGS = Map.of(
        "GroupRecord", new GroupCoordinatorRecordSerde(),
        "ShareRecord", new ShareCoordinatorRecordSerde(),
        "TransactionRecord", new TransactionCoordinatorRecordSerde()
    );

    private static final Map<String, BytesApiMessageSerde> FRAMED_LOGS = Map.of(
        "MetadataRecord", new BytesApiMessageSerde() {
            @Override
            public ApiMessage apiMessageFor(short id) {
                return MetadataRecordSerde.INSTANCE.apiMessageFor(id);
            }
        },
        "RemoteLogRecord", new BytesApiMessageSerde() {
            @Override
            public ApiMessage apiMessageFor(short id) {
                return MetadataRecordType.fromId(id).newMetadataRecord();
            }
        }
    );

    private static String rewrite(String name, short version, String text) throws Exception {
        if (KEYED_LOGS.containsKey(name)) {
            return rewriteKeyed(KEYED_LOGS.get(name), text);
        }
        if (FRAMED_LOGS.containsKey(name)) {
            BytesApiMessageSerde serde = FRAMED_LOGS.get(name);
            return "/" + HEX.formatHex(serde.serialize(serde.deserialize(HEX.parseHex(text.substring(1)))));
        }
        return rewriteMessage(name, version, HEX.parseHex(text));
    }

    private static String rewriteKeyed(CoordinatorRecordSerde serde, String text) {
        String[] keyAndValue = text.split("/", -1);
        ByteBuffer key = ByteBuffer.wrap(HEX.parseHex(keyAndValue[0]));
        ByteBuffer value = keyAndValue[1].isEmpty() ? null : ByteBuffer.wrap(HEX.parseHex(keyAndValue[1]));
        CoordinatorRecord record = serde.deserialize(key, value);
        byte[] valueAgain = serde.serializeValue(record);
        return HEX.formatHex(serde.serializeKey(record)) + "/" + (valueAgain == null ? "" : HEX.formatHex(valueAgain));
    }

    private static String rewriteMessage(String name, short version, byte[] bytes) throws Exception {
        Message message = (Message) classOf(name).getConstructor().newInstance();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        message.read(new ByteBufferAccessor(in), version);
        if (in.hasRemaining()) {
            return in.remaining() + " bytes left unread";
        }
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer out = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(out), cache, version);
        return HEX.formatHex(out.array());
    }

    private static final String[] PACKAGES = {
        "org.apache.kafka.common.message",
        "org.apache.kafka.common.metadata",
        "org.apache.kafka.coordinator.group.generated",
        "org.apache.kafka.coordinator.share.generated",
        "org.apache.kafka.coordinator.transaction.generated",
        "org.apache.kafka.raft.generated",
        "org.apache.kafka.server.log.remote.metadata.storage.generated",
    };

    private static Class<?> classOf(String name) throws ClassNotFoundException {
        for (String place : PACKAGES) {
            // The classes of requests, responses and headers are called so.
            for (String ending : new String[] {"Data", ""}) {
                try {
                    return Class.forName(place + "." + name + ending);
                } catch (ClassNotFoundException next) {
                    // The kinds of messages live in different packages.
                }
            }
        }
        throw new ClassNotFoundException(name);
    }
}
