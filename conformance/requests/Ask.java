import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.Records;
import org.apache.kafka.common.requests.FetchResponse;
import org.apache.kafka.common.utils.Crc32C;

/**
 * Ask BROKER CONTROLLER, each host:port: reads lines "LISTENER KEY VERSION JSON", sends each request over a connection of its own
 * with Apache's classes and prints the answer as JSON, or "closed". "until PATTERN LISTENER KEY VERSION JSON" asks again until the answer
 * has the pattern, and prints "never" before the last one if none has. "wait MILLISECONDS" lets time pass.
 *
 * In a request "@ID:TOPIC@" stands for the id of a topic, "now", "now-5" and "now+5" for the milliseconds of a clock that stands still since the
 * start, and "records" are {@link Batches}. Times of answers are told by the same clock; "asked" is any since the start. A produce
 * without acknowledgement is answered "silence" or "closed".
 */
class Ask {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String MESSAGES = "org.apache.kafka.common.message.";
    private static final Pattern ID = Pattern.compile("@ID:([^@]*)@");
    private static final Pattern TIME = Pattern.compile("now([+-][0-9]+)?");
    private static final long NOW = System.currentTimeMillis();
    /** Longer than all requests take. */
    private static final long ASKING = TimeUnit.MINUTES.toMillis(10);
    private static final long AGE = TimeUnit.DAYS.toMillis(1000);

    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ", 4);
            if (words[0].equals("wait")) {
                Thread.sleep(Long.parseLong(words[1]));
                System.out.println();
                continue;
            }
            String answer;
            if (words[0].equals("until")) {
                String[] request = line.split(" ", 6);
                answer = until(Pattern.compile(request[1]), arguments, Arrays.copyOfRange(request, 2, 6));
            } else {
                answer = answer(arguments, words);
            }
            System.out.println(answer);
        }
    }

    private static String until(Pattern pattern, String[] addresses, String[] request) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (true) {
            String answer = answer(addresses, request);
            if (pattern.matcher(answer).find()) return answer;
            if (System.nanoTime() > deadline) return "never " + answer;
            Thread.sleep(20);
        }
    }

    private static String answer(String[] addresses, String[] request) throws Exception {
        String address = request[0].equals("broker") ? addresses[0] : addresses[1];
        String json = ID.matcher(request[3]).replaceAll(topic -> id(address, topic));
        return answer(address, ApiKeys.valueOf(request[1]), Short.parseShort(request[2]), json);
    }

    private static String id(String address, MatchResult topic) {
        try {
            String json = "{\"topics\":[{\"topicId\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"name\":\"" + topic.group(1)
                + "\"}],\"allowAutoTopicCreation\":false,\"includeTopicAuthorizedOperations\":false}";
            return MAPPER.readTree(answer(address, ApiKeys.METADATA, (short) 12, json)).at("/topics/0/topicId").asText();
        } catch (Exception failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** A request with its times and batches as the classes expect them. */
    private static JsonNode spelledOut(JsonNode node) throws Exception {
        if (node.isTextual() && TIME.matcher(node.asText()).matches()) {
            String distance = node.asText().substring(3);
            return new LongNode(NOW + (distance.isEmpty() ? 0 : Long.parseLong(distance)));
        }
        if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) array.set(i, spelledOut(array.get(i)));
        } else if (node instanceof ObjectNode object) {
            for (Map.Entry<String, JsonNode> field : object.properties()) field.setValue(spelledOut(field.getValue()));
            JsonNode data = object.get("records");
            // Of a partition, not of a batch.
            if (object.has("index") && data != null && !data.isNull()) object.set("records", new BinaryNode(Batches.build(data, NOW)));
        }
        return node;
    }

    /** An answer with its times by the clock that stands still. */
    private static JsonNode byClock(JsonNode node) {
        if (node.isIntegralNumber() && Math.abs(node.asLong() - NOW) < AGE) {
            long distance = node.asLong() - NOW;
            boolean asked = distance > 0 && distance < ASKING;
            return new TextNode(asked ? "asked" : distance == 0 ? "now" : String.format("now%+d", distance));
        }
        if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) array.set(i, byClock(array.get(i)));
        } else if (node instanceof ObjectNode object) {
            for (Map.Entry<String, JsonNode> field : object.properties()) field.setValue(byClock(field.getValue()));
        }
        return node;
    }

    private static String answer(String address, ApiKeys key, short version, String json) throws Exception {
        String name = key.messageType.name;
        ApiMessage request = (ApiMessage) Class.forName(MESSAGES + name + "RequestDataJsonConverter")
            .getMethod("read", JsonNode.class, short.class).invoke(null, spelledOut(MAPPER.readTree(json)), version);
        boolean unanswered = request instanceof ProduceRequestData produced && produced.acks() == 0;
        int colon = address.lastIndexOf(':');
        try (Socket socket = new Socket(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)))) {
            socket.setSoTimeout(20_000);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            send(out, key, version, request);
            if (unanswered) send(out, ApiKeys.API_VERSIONS, (short) 0, new ApiVersionsRequestData());
            out.flush();
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] frame = new byte[in.readInt()];
            in.readFully(frame);
            if (unanswered) return "silence";
            ByteBufferAccessor accessor = new ByteBufferAccessor(ByteBuffer.wrap(frame));
            new ResponseHeaderData(accessor, key.responseHeaderVersion(version));
            ApiMessage response = key.messageType.newResponse();
            response.read(accessor, version);
            ObjectNode shown = (ObjectNode) Class.forName(MESSAGES + name + "ResponseDataJsonConverter")
                .getMethod("write", Class.forName(MESSAGES + name + "ResponseData"), short.class)
                .invoke(null, response, version);
            if (response instanceof FetchResponseData fetched && !fetched.responses().isEmpty()) {
                // Records are left out of the JSON; and those of a log that both write for themselves differ.
                FetchResponseData.FetchableTopicResponse topic = fetched.responses().get(0);
                FetchResponseData.PartitionData first = topic.partitions().get(0);
                boolean metadata = topic.topic().equals("__cluster_metadata") || topic.topicId().equals(Uuid.METADATA_TOPIC_ID);
                shown.put("hasRecords", FetchResponse.recordsSize(first) > 0);
                if (!metadata) shown.set("batches", Batches.show(FetchResponse.recordsOrFail(first)));
            }
            return byClock(shown).toString();
        } catch (EOFException | SocketException end) {
            return "closed";
        } catch (SocketTimeoutException silence) {
            return "unanswered";
        }
    }

    private static void send(DataOutputStream out, ApiKeys key, short version, ApiMessage request) throws IOException {
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey(key.id).setRequestApiVersion(version)
            .setCorrelationId(1).setClientId("ask");
        byte[] head = bytes(header, key.requestHeaderVersion(version));
        byte[] body = bytes(request, version);
        out.writeInt(head.length + body.length);
        out.write(head);
        out.write(body);
    }

    private static byte[] bytes(ApiMessage message, short version) {
        ByteBuffer buffer = MessageUtil.toByteBufferAccessor(message, version).buffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}

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
