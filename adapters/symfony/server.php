<?php // Symfony's HttpKernel with its SessionListener over files, with the defaults of its framework
// bundle: HttpOnly, the strict handler. A login migrates, as its security component does.
// recommended: what the bundle's recipe sets (Secure, SameSite), a __Host- name.
require '../common/kit.php';
foreach (['HttpFoundation', 'HttpKernel', 'EventDispatcher'] as $component) {
    require_once "/usr/share/php/Symfony/Component/$component/autoload.php";
}
require_once '/usr/share/php/Psr/Container/autoload.php';
require_once '/usr/share/php/Symfony/Contracts/Service/autoload.php';

use Psr\Container\ContainerInterface;
use Symfony\Component\EventDispatcher\EventDispatcher;
use Symfony\Component\HttpFoundation\JsonResponse;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\RequestStack;
use Symfony\Component\HttpFoundation\Session\SessionFactory;
use Symfony\Component\HttpFoundation\Session\Storage\Handler\NativeFileSessionHandler;
use Symfony\Component\HttpFoundation\Session\Storage\Handler\StrictSessionHandler;
use Symfony\Component\HttpFoundation\Session\Storage\NativeSessionStorageFactory;
use Symfony\Component\HttpKernel\Controller\ControllerResolver;
use Symfony\Component\HttpKernel\EventListener\SessionListener;
use Symfony\Component\HttpKernel\HttpKernel;

ini_set('display_errors', '0');
$name = recommended() ? '__Host-session' : 'PHPSESSID';
$options = recommended() ? [
    'name' => $name, 'cookie_secure' => true, 'cookie_httponly' => true,
    'cookie_samesite' => 'lax',
] : ['cookie_httponly' => true];

if (path() === '/stats') exit((string) count(glob(getenv('KIT_DIR') . '/sess_*')));
if (path() === '/caps') caps('Symfony', getenv('VERSION'), $name, [
    'idle' => 1440, 'login' => 'Session::migrate(true), as the security component does']);

function act(Request $request): JsonResponse
{
    $session = $request->getSession();
    if ($request->hasPreviousSession()) $session->start(); // as the firewall does
    $end = fn() => $session->invalidate() ? null : 'failed';
    $renew = fn() => $session->migrate(true) ? null : 'failed';
    $results = run($request->query->get('ops'), [
        'get' => fn($key) => $session->get($key),
        'put' => fn($key, $value) => $session->set($key, $value),
        'del' => function ($key) use ($session) { $session->remove($key); },
        'clear' => fn() => $session->clear(),
        'destroy' => $end,
        'logout' => $end,
        'renew' => $renew,
        'login' => function ($user) use ($session, $renew) {
            $session->start();
            $renew();
            $session->set('user', $user);
        },
        'whoami' => fn() => $session->get('user'),
    ]);
    $answer = new JsonResponse($results, (int) $request->query->get('status', '200'));
    if ($cache = $request->query->get('cc')) $answer->headers->set('Cache-Control', $cache);
    return $answer;
}

$stack = new RequestStack();
$files = new StrictSessionHandler(new NativeFileSessionHandler(getenv('KIT_DIR')));
$factory = new SessionFactory($stack, new NativeSessionStorageFactory($options, $files));
$container = new class($factory) implements ContainerInterface {
    public function __construct(private SessionFactory $factory) {}
    public function has(string $id): bool { return $id === 'session_factory'; }
    public function get(string $id) { return $this->factory; }
};
$dispatcher = new EventDispatcher();
$dispatcher->addSubscriber(new SessionListener($container, false, $options));
$request = Request::createFromGlobals();
$request->attributes->set('_controller', 'act');
$kernel = new HttpKernel($dispatcher, new ControllerResolver(), $stack);
$kernel->handle($request)->send();
