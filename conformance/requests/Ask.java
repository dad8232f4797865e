import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.RequestHeaderData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.requests.FetchResponse;

/**
 * Ask BROKER CONTROLLER, each host:port: reads lines "LISTENER KEY VERSION JSON", sends each request over a connection of its own
 * with Apache's classes and prints the answer as JSON, or "closed". "until PATTERN LISTENER KEY VERSION JSON" asks again until the answer
 * has the pattern, and prints "never" before the last one if none has.
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
