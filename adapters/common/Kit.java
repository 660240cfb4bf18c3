import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URL;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What the Java adapters share: the environment, the gate, and one request's operations. */
final class Kit {
    static final boolean RECOMMENDED = "recommended".equals(System.getenv("PROFILE"));
    static final int PORT = Integer.parseInt(System.getenv("PORT"));
    static final String OPERATIONS = "get put del clear destroy renew login logout whoami";

    /** One operation: its result, or null; of `get` and `whoami` null is the result. */
    interface Operation {
        String run(String key, String value) throws Exception;
    }

    /** The answer to /caps. `idle` in seconds, null without a limit; `login` likewise. */
    static String caps(String name, String version, String cookie, Integer idle, String login) {
        List<String> operations = new ArrayList<>();
        for (String operation : OPERATIONS.split(" ")) operations.add(text(operation));
        return "{\"name\": " + text(name) + ", \"version\": " + text(version)
            + ", \"language\": \"Java\", \"cookie\": " + text(cookie) + ", \"stats\": true"
            + ", \"idle\": " + idle + ", \"absolute\": null, \"login\": " + text(login)
            + ", \"ops\": " + operations + "}";
    }

    /** Carries out the operations in order; returns their results as JSON. */
    static String run(String operations, Map<String, Operation> table) throws Exception {
        List<String> results = new ArrayList<>();
        for (String one : operations.split(",")) {
            String[] part = (one + "::").split(":", -1);
            String name = part[0];
            if (name.equals("throw")) throw new IllegalStateException("the handler breaks");
            if (name.equals("gate")) gate(part[1]);
            Operation known = table.get(name);
            String result = known == null ? null : known.run(part[1], part[2]);
            boolean read = name.equals("get") || name.equals("whoami");
            if (known == null && !name.equals("gate")) result = "unsupported";
            results.add(text(result == null && !read ? "ok" : result));
        }
        return results.toString();
    }

    /** Waits until the judge opens the gate. */
    private static void gate(String name) throws IOException {
        URL url = new URL("http://127.0.0.1:" + System.getenv("KIT_GATE") + "/" + name);
        HttpURLConnection connection = (HttpURLConnection) url.openConnection();
        connection.getInputStream().readAllBytes();
    }

    /** A JSON string; what comes here has nothing to escape but quotes and backslashes. */
    private static String text(String value) {
        if (value == null) return "null";
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
