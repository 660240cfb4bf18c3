import javax.servlet.ServletException;
import javax.servlet.http.HttpServlet;
import javax.servlet.http.HttpServletRequest;
import javax.servlet.http.HttpServletResponse;
import javax.servlet.http.HttpSession;
import java.io.IOException;
import java.util.Collections;
import java.util.Map;
import org.eclipse.jetty.server.ForwardedRequestCustomizer;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.session.DefaultSessionCache;
import org.eclipse.jetty.server.session.SessionHandler;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;

/**
 * Jetty's sessions in memory, no option set. The user is an attribute like others.
 *
 * <p>recommended: 30 minutes, HttpOnly, Secure, SameSite, a __Host- name, changeSessionId at login.
 */
public final class Main extends HttpServlet {
    private static final SessionHandler SESSIONS = new SessionHandler();

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        String path = request.getRequestURI();
        response.setContentType("application/json");
        if (path.equals("/caps")) {
            String login = Kit.RECOMMENDED ? "changeSessionId, setAttribute" : null;
            Integer idle = Kit.RECOMMENDED ? 1800 : null;
            response.getWriter().print(
                Kit.caps("Jetty", Server.getVersion(), name(), idle, login));
        } else if (path.equals("/stats")) {
            response.getWriter().print(((DefaultSessionCache) SESSIONS.getSessionCache()).getSessionsCurrent());
        } else {
            act(request, response);
        }
    }

    private void act(HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        Kit.Operation destroy = (key, value) -> {
            HttpSession session = request.getSession(false);
            if (session != null) session.invalidate();
            return null;
        };
        Map<String, Kit.Operation> table = Map.of(
            "get", (key, value) -> {
                HttpSession session = request.getSession(false);
                return session == null ? null : (String) session.getAttribute(key);
            },
            "put", (key, value) -> {
                request.getSession().setAttribute(key, value);
                return null;
            },
            "del", (key, value) -> {
                HttpSession session = request.getSession(false);
                if (session != null) session.removeAttribute(key);
                return null;
            },
            "clear", (key, value) -> {
                HttpSession session = request.getSession(false);
                if (session == null) return null;
                Collections.list(session.getAttributeNames()).forEach(session::removeAttribute);
                return null;
            },
            "destroy", destroy,
            "logout", destroy,
            "renew", (key, value) -> {
                request.changeSessionId();
                return null;
            },
            "login", (key, value) -> {
                HttpSession session = request.getSession();
                if (Kit.RECOMMENDED) request.changeSessionId();
                session.setAttribute("user", key);
                return null;
            },
            "whoami", (key, value) -> {
                HttpSession session = request.getSession(false);
                return session == null ? null : (String) session.getAttribute("user");
            });
        String body;
        try {
            body = Kit.run(request.getParameter("ops"), table);
        } catch (Exception error) {
            throw new ServletException(error);
        }
        String status = request.getParameter("status");
        String cache = request.getParameter("cc");
        if (cache != null) response.setHeader("Cache-Control", cache);
        if (status != null) response.setStatus(Integer.parseInt(status));
        response.getWriter().print(body);
    }

    private static String name() {
        return Kit.RECOMMENDED ? "__Host-session" : "JSESSIONID";
    }

    public static void main(String[] arguments) throws Exception {
        Server server = new Server();
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.addCustomizer(new ForwardedRequestCustomizer());
        ServerConnector connector = new ServerConnector(server, new HttpConnectionFactory(http));
        connector.setHost("127.0.0.1");
        connector.setPort(Kit.PORT);
        server.addConnector(connector);
        ServletContextHandler context = new ServletContextHandler();
        context.setSessionHandler(SESSIONS);
        if (Kit.RECOMMENDED) {
            SESSIONS.setMaxInactiveInterval(1800);
            SESSIONS.setHttpOnly(true);
            SESSIONS.getSessionCookieConfig().setName(name());
            SESSIONS.getSessionCookieConfig().setPath("/");
            SESSIONS.getSessionCookieConfig().setSecure(true);
            SESSIONS.setSameSite(org.eclipse.jetty.http.HttpCookie.SameSite.LAX);
        }
        context.addServlet(new ServletHolder(new Main()), "/*");
        server.setHandler(context);
        server.start();
        server.join();
    }
}
