import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;
import org.apache.kafka.common.config.ConfigDef.Type;

/**
 * All keys of brokers, topics, groups and client metrics as Apache's classes define them, and what they make of many values, a line each:
 *   key SCOPE NAME TYPE SHOWN DEFAULT       SHOWN: whether DescribeConfigs lists it
 *   value SCOPE NAME TEXT OUTCOME           OUTCOME: the value as it is shown, or "refused"
 * Between the words are tabs; null is \N.
 */
class Definitions {
    /** What is tried with every key; more comes out of what its validator says of itself. */
    private static final List<String> ANYTHING = List.of(
        "", " ", "x", "x y", "-3", "-2", "-1", "0", "1", "2", "3", "5", "10", "11", "100", "1000", "1024", "60000", "1048576", " 7 ", "+7", "07", "0x7",
        "32767", "32768", "2147483647", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "1.5", "0.5",
        "1.0", "1.1", "1e3", "-0.1", "NaN", "Infinity", "7d", "true", "TRUE", "false", "yes", "a,b", "a, b", "a,a", "a,,b", ",", "a,", "*", "*,0:1", "0:1",
        "0:1,2:3", "0:-1", "-1:0", "a:1", "0:1:2", "0", "none", "earliest", "Latest", "by_duration:PT1H", "by_duration:P1DT2.5S", "by_duration:-PT1H",
        "by_duration:", "by_duration:P", "by_duration:PT-1H", "by_duration:1H", "1@h:1", "h:1", "h", "h:x", "1@h", "PLAINTEXT://:9092",
        "org.apache.kafka.server.authorizer.Authorizer", "java.lang.String", "x.Y");

    public static void main(String[] arguments) throws Exception {
        ConfigDef broker = (ConfigDef) constant("org.apache.kafka.server.config.AbstractKafkaConfig", "CONFIG_DEF");
        tell("broker", broker, Set.of());
        // What can only be set while the broker runs is not listed.
        Method quotas = Class.forName("org.apache.kafka.server.config.QuotaConfig").getMethod("brokerQuotaConfigs");
        ConfigDef dynamic = (ConfigDef) quotas.invoke(null);
        dynamic.configKeys().keySet().removeAll(broker.configKeys().keySet());
        tell("broker", dynamic, dynamic.configKeys().keySet());
        Method copy = Class.forName("org.apache.kafka.storage.internals.log.LogConfig").getMethod("configDefCopy");
        tell("topic", (ConfigDef) copy.invoke(null), Set.of());
        tell("group", (ConfigDef) constant("org.apache.kafka.coordinator.group.GroupConfig", "CONFIG_DEF"), Set.of());
        Method metrics = Class.forName("org.apache.kafka.server.metrics.ClientMetricsConfigs").getDeclaredMethod("configDef");
        metrics.setAccessible(true);
        tell("client-metrics", (ConfigDef) metrics.invoke(null), Set.of());
    }

    private static Object constant(String type, String name) throws Exception {
        Field field = Class.forName(type).getDeclaredField(name);
        field.setAccessible(true);
        return field.get(null);
    }

    private static void tell(String scope, ConfigDef definitions, Set<String> hidden) throws Exception {
        Method parse = ConfigDef.class.getDeclaredMethod("parseValue", ConfigKey.class, Object.class, boolean.class);
        parse.setAccessible(true);
        for (Map.Entry<String, ConfigKey> entry : new TreeMap<>(definitions.configKeys()).entrySet()) {
            ConfigKey key = entry.getValue();
            Object none = key.hasDefault() ? key.defaultValue : null;
            say("key", scope, key.name, key.type.name(), key.internalConfig || hidden.contains(key.name) ? "hidden" : "shown", shown(none, key.type));
            // Java looks for the class.
            if (key.type == Type.CLASS) continue;
            for (String text : texts(key)) {
                String outcome;
                try {
                    outcome = shown(parse.invoke(definitions, key, text, true), key.type);
                } catch (ReflectiveOperationException refused) {
                    outcome = "refused";
                }
                say("value", scope, key.name, text, outcome);
            }
        }
    }

    private static Set<String> texts(ConfigKey key) {
        Set<String> texts = new TreeSet<>(ANYTHING);
        if (key.hasDefault() && key.defaultValue != null) texts.add(shown(key.defaultValue, key.type));
        if (key.validator == null) return texts;
        String described = key.validator.toString();
        Matcher number = Pattern.compile("-?\\d+").matcher(described);
        while (number.find() && number.group().length() < 19) {
            long bound = Long.parseLong(number.group());
            texts.addAll(List.of("" + (bound - 1), "" + bound, "" + (bound + 1)));
        }
        Matcher words = Pattern.compile("\\[([A-Za-z_, ]+)\\]").matcher(described);
        while (words.find()) {
            String[] choices = words.group(1).split(", *");
            texts.addAll(Arrays.asList(choices));
            for (String choice : choices) texts.addAll(List.of(choice.toUpperCase(), choice.toLowerCase(), choice + "," + choices[0]));
            texts.add(String.join(",", choices));
        }
        return texts;
    }

    private static String shown(Object value, Type type) {
        return value == null ? "\\N" : type == Type.PASSWORD ? "[hidden]" : ConfigDef.convertToString(value, type);
    }

    private static void say(String... words) {
        System.out.println(String.join("\t", words));
    }
}
