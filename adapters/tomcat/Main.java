import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.util.Collections;
import java.util.Map;
import org.apache.catalina.Context;
import org.apache.catalina.authenticator.NonLoginAuthenticator;
import org.apache.catalina.startup.Tomcat;
import org.apache.catalina.util.ServerInfo;
import org.apache.catalina.valves.RemoteIpValve;
import org.apache.tomcat.util.http.Rfc6265CookieProcessor;

/**
 * Tomcat's StandardManager, no option set, with the servlet login.
 *
 * <p>recommended: behind TLS (RemoteIpValve), Secure, SameSite, a __Host- name.
 */
public final class Main extends HttpServlet {
    private static Context context;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        String path = request.getRequestURI();
        response.setContentType("application/json");
        if (path.equals("/caps")) {
            String version = ServerInfo.getServerNumber();
            response.getWriter().print(
                Kit.caps("Tomcat", version, name(), 1800, "HttpServletRequest.login"));
        } else if (path.equals("/stats")) {
            response.getWriter().print(context.getManager().getActiveSessions());
        } else {
            act(request, response);
        }
    }

    private void act(HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        Kit.Operation destroy = (key, value) -> {
            request.logout();
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
                request.getSession(); // without one the login lasts for this request only
                if (request.getUserPrincipal() != null) request.logout();
                request.login(key, "password");
                return null;
            },
            "whoami", (key, value) -> request.getRemoteUser());
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
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir(System.getenv("KIT_DIR"));
        tomcat.setPort(Kit.PORT);
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        for (String user : new String[] {"alice", "bob", "carol", "dave"}) {
            tomcat.addUser(user, "password");
        }
        context = tomcat.addContext("", System.getenv("KIT_DIR"));
        context.getPipeline().addValve(new NonLoginAuthenticator());
        if (Kit.RECOMMENDED) {
            RemoteIpValve proxy = new RemoteIpValve();
            proxy.setProtocolHeader("X-Forwarded-Proto");
            context.getPipeline().addValve(proxy);
            Rfc6265CookieProcessor cookies = new Rfc6265CookieProcessor();
            cookies.setSameSiteCookies("lax");
            context.setCookieProcessor(cookies);
            context.setSessionCookieName(name());
            context.setSessionCookiePath("/");
        }
        Tomcat.addServlet(context, "kit", new Main());
        context.addServletMappingDecoded("/*", "kit");
        tomcat.start();
        tomcat.getServer().await();
    }
}
