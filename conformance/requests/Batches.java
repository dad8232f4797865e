import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.Records;
import org.apache.kafka.common.utils.Crc32C;

/**
 * Batches of records: from the words of a request to bytes, good ones and others, and from the bytes of an answer to words.
 *
 * A batch is an object: {@code records}, each with {@code k}, {@code v}, {@code t} (its timestamp, "now" without one) and {@code h} (its
 * headers); {@code times}, how often they come; {@code codec}, {@code magic}, {@code base}, {@code type} (of timestamps),
 * {@code producer} (id, epoch, sequence). Then it is spoilt: {@code body} (in base64) is put in place of the records, {@code set} sets fields
 * of the header, {@code bytes} single bytes, and the checksum is made right again unless {@code crc} names it; at last {@code cut} bytes are
 * taken from the end. A text is the bytes themselves, in base64.
 *
 * Keys and values are texts, or numbers: that many bytes; or of {@code noise} that many.
 */
class Batches {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final int OVERHEAD = 61;
    /** Where each field of a header is, and how many bytes it has. */
    private static final Map<String, int[]> FIELDS = Map.ofEntries(
        Map.entry("baseOffset", new int[] {0, 8}), Map.entry("length", new int[] {8, 4}), Map.entry("leaderEpoch", new int[] {12, 4}),
        Map.entry("magic", new int[] {16, 1}), Map.entry("attributes", new int[] {21, 2}), Map.entry("lastOffsetDelta", new int[] {23, 4}),
        Map.entry("baseTimestamp", new int[] {27, 8}), Map.entry("maxTimestamp", new int[] {35, 8}),
        Map.entry("producerId", new int[] {43, 8}), Map.entry("producerEpoch", new int[] {51, 2}),
        Map.entry("baseSequence", new int[] {53, 4}), Map.entry("count", new int[] {57, 4}));

    /** The bytes of one batch or of an array of them. */
    static byte[] build(JsonNode batches, long now) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (JsonNode batch : batches.isArray() ? batches : MAPPER.createArrayNode().add(batches)) {
            all.write(batch.isTextual() ? Base64.getDecoder().decode(batch.asText()) : spoil(batch, whole(batch, now)));
        }
        return all.toByteArray();
    }

    private static byte[] whole(JsonNode batch, long now) {
        byte magic = (byte) batch.path("magic").asInt(2);
        CompressionType codec = CompressionType.forName(batch.path("codec").asText("none"));
        TimestampType type = TimestampType.forName(batch.path("type").asText("CreateTime"));
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1 << 16), magic, Compression.of(codec).build(), type,
            batch.path("base").asLong(), now);
        for (int time = 0; time < batch.path("times").asInt(1); time++) {
            for (JsonNode record : batch.path("records")) {
                long timestamp = magic == 0 ? -1 : record.path("t").asLong(now);
                byte[] key = bytes(record.path("k")), value = bytes(record.path("v"));
                if (magic < 2) builder.append(timestamp, key, value); else builder.append(timestamp, key, value, headers(record.path("h")));
            }
        }
        ByteBuffer buffer = builder.build().buffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }

    private static byte[] bytes(JsonNode described) {
        if (described.isMissingNode() || described.isNull()) return null;
        if (described.isTextual()) return described.asText().getBytes(StandardCharsets.UTF_8);
        byte[] bytes = new byte[described.isObject() ? described.get("noise").asInt() : described.asInt()];
        if (described.isObject()) new Random(bytes.length).nextBytes(bytes); else Arrays.fill(bytes, (byte) 'x');
        return bytes;
    }

    private static Header[] headers(JsonNode described) {
        List<Header> headers = new ArrayList<>();
        for (Map.Entry<String, JsonNode> header : described.properties()) {
            headers.add(new RecordHeader(header.getKey(), bytes(header.getValue())));
        }
        return headers.toArray(new Header[0]);
    }

    private static byte[] spoil(JsonNode batch, byte[] bytes) throws IOException {
        if (batch.has("body")) {
            byte[] body = batch.get("body").binaryValue();
            bytes = Arrays.copyOf(bytes, OVERHEAD + body.length);
            System.arraycopy(body, 0, bytes, OVERHEAD, body.length);
            ByteBuffer.wrap(bytes).putInt(8, bytes.length - 12);
        }
        String[] fields = {"producerId", "producerEpoch", "baseSequence"};
        for (int i = 0; i < batch.path("producer").size(); i++) set(bytes, fields[i], batch.get("producer").get(i));
        for (Map.Entry<String, JsonNode> field : batch.path("set").properties()) set(bytes, field.getKey(), field.getValue());
        for (Map.Entry<String, JsonNode> one : batch.path("bytes").properties()) {
            bytes[Integer.parseInt(one.getKey())] = (byte) one.getValue().asInt();
        }
        if (batch.path("magic").asInt(2) == 2 && bytes.length >= OVERHEAD) {
            long checksum = Crc32C.compute(bytes, 21, bytes.length - 21);
            ByteBuffer.wrap(bytes).putInt(17, (int) batch.path("crc").asLong(checksum));
        }
        return Arrays.copyOf(bytes, bytes.length - batch.path("cut").asInt());
    }

    private static void set(byte[] bytes, String field, JsonNode value) {
        int[] place = FIELDS.get(field);
        System.arraycopy(ByteBuffer.allocate(8).putLong(value.asLong()).array(), 8 - place[1], bytes, place[0], place[1]);
    }

    /** All that a reader sees, but for the lengths of what was compressed. */
    static ArrayNode show(Records records) {
        ArrayNode shown = MAPPER.createArrayNode();
        for (MutableRecordBatch batch : ((MemoryRecords) records).batches()) {
            batch.ensureValid();
            ObjectNode one = shown.addObject().put("base", batch.baseOffset()).put("last", batch.lastOffset()).put("count", batch.countOrNull())
                .put("magic", batch.magic()).put("codec", batch.compressionType().name).put("leaderEpoch", batch.partitionLeaderEpoch())
                .put("type", batch.timestampType().name).put("maxTimestamp", batch.maxTimestamp())
                .put("transactional", batch.isTransactional()).put("control", batch.isControlBatch());
            one.putArray("producer").add(batch.producerId()).add(batch.producerEpoch()).add(batch.baseSequence());
            if (!batch.isCompressed()) one.put("size", batch.sizeInBytes());
            ArrayNode all = one.putArray("records");
            for (Record record : batch) {
                ObjectNode headers = all.addObject().put("offset", record.offset()).put("t", record.timestamp()).put("sequence", record.sequence())
                    .put("k", text(record.key())).put("v", text(record.value())).putObject("h");
                for (Header header : record.headers()) {
                    headers.put(header.key(), header.value() == null ? null : text(ByteBuffer.wrap(header.value())));
                }
            }
        }
        return shown;
    }

    private static String text(ByteBuffer bytes) {
        if (bytes == null) return null;
        return bytes.remaining() > 100 ? bytes.remaining() + " bytes, " + bytes.hashCode() : StandardCharsets.UTF_8.decode(bytes).toString();
    }
}
