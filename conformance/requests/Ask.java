import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.apache.kafka.common.message.FetchResponseData;
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
 * has the pattern, and prints "never" before the last one if none has. "wait MILLISECONDS" lets time pass.
 */
class Ask {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String MESSAGES = "org.apache.kafka.common.message.";

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
        return answer(address, ApiKeys.valueOf(request[1]), Short.parseShort(request[2]), request[3]);
    }

    private static String answer(String address, ApiKeys key, short version, String json) throws Exception {
        String name = key.messageType.name;
        ApiMessage request = (ApiMessage) Class.forName(MESSAGES + name + "RequestDataJsonConverter")
            .getMethod("read", JsonNode.class, short.class).invoke(null, MAPPER.readTree(json), version);
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey(key.id).setRequestApiVersion(version)
            .setCorrelationId(1).setClientId("ask");
        byte[] head = bytes(header, key.requestHeaderVersion(version));
        byte[] body = bytes(request, version);
        int colon = address.lastIndexOf(':');
        try (Socket socket = new Socket(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1)))) {
            socket.setSoTimeout(20_000);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeInt(head.length + body.length);
            out.write(head);
            out.write(body);
            out.flush();
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] frame = new byte[in.readInt()];
            in.readFully(frame);
            ByteBufferAccessor accessor = new ByteBufferAccessor(ByteBuffer.wrap(frame));
            new ResponseHeaderData(accessor, key.responseHeaderVersion(version));
            ApiMessage response = key.messageType.newResponse();
            response.read(accessor, version);
            ObjectNode shown = (ObjectNode) Class.forName(MESSAGES + name + "ResponseDataJsonConverter")
                .getMethod("write", Class.forName(MESSAGES + name + "ResponseData"), short.class)
                .invoke(null, response, version);
            if (response instanceof FetchResponseData fetched && !fetched.responses().isEmpty()) {
                // Records are left out of the JSON.
                int size = FetchResponse.recordsSize(fetched.responses().get(0).partitions().get(0));
                shown.put("hasRecords", size > 0);
            }
            return shown.toString();
        } catch (EOFException end) {
            return "closed";
        }
    }

    private static byte[] bytes(ApiMessage message, short version) {
        ByteBuffer buffer = MessageUtil.toByteBufferAccessor(message, version).buffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
