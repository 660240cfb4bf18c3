<?php // PHP's own sessions, in files, no setting changed.
// recommended: the manual's "Securing Session INI Settings", and session_regenerate_id at login.
require '../common/kit.php';

$settings = [
    'name' => '__Host-SID', 'use_strict_mode' => 1, 'cookie_secure' => 1, 'cookie_httponly' => 1,
    'cookie_samesite' => 'Lax', 'sid_length' => 48, 'sid_bits_per_character' => 6,
];
foreach (recommended() ? $settings : [] as $key => $value) ini_set("session.$key", $value);
ini_set('session.save_path', getenv('KIT_DIR'));
ini_set('display_errors', '0');

if (path() === '/stats') exit((string) count(glob(getenv('KIT_DIR') . '/sess_*')));
if (path() === '/caps') caps('PHP sessions', PHP_VERSION, session_name(), [
    'idle' => 1440, 'login' => recommended() ? 'session_regenerate_id(true)' : null]);

/** The manual's example of session_destroy(). */
function destroy(): void
{
    $_SESSION = [];
    $options = session_get_cookie_params();
    unset($options['lifetime']);
    if ($options['samesite'] === '') unset($options['samesite']);
    setcookie(session_name(), '', ['expires' => time() - 42000] + $options);
    session_destroy();
}

function put(string $key, string $value): void
{
    if (session_status() !== PHP_SESSION_ACTIVE) session_start(); // after session_destroy()
    $_SESSION[$key] = $value;
}

function login(string $user): void
{
    if (recommended()) session_regenerate_id(true);
    put('user', $user);
}

session_start();
$results = run($_GET['ops'], [
    'get' => fn($key) => $_SESSION[$key] ?? null,
    'put' => put(...),
    'del' => function ($key) { unset($_SESSION[$key]); },
    'clear' => fn() => session_unset() ? null : 'failed',
    'destroy' => destroy(...),
    'logout' => destroy(...),
    'renew' => fn() => session_regenerate_id(true) ? null : 'failed',
    'login' => login(...),
    'whoami' => fn() => $_SESSION['user'] ?? null,
]);
if (isset($_GET['cc'])) header("Cache-Control: $_GET[cc]");
http_response_code((int) ($_GET['status'] ?? 200));
header('Content-Type: application/json');
echo json_encode($results);
