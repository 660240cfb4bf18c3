<?php // What the PHP adapters share: the environment, the gate, and one request's operations.

const OPERATIONS = ['get', 'put', 'del', 'clear', 'destroy', 'renew', 'login', 'logout', 'whoami'];

function recommended(): bool
{
    return getenv('PROFILE') === 'recommended';
}

function path(): string
{
    return parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
}

/** Waits until the judge opens the gate. */
function gate(string $name): void
{
    file_get_contents('http://127.0.0.1:' . getenv('KIT_GATE') . "/$name");
}

/** Answers /caps. Limits in seconds; `login` names the public call, null without one. */
function caps(string $name, string $version, string $cookie, array $more): never
{
    exit(json_encode($more + [
        'name' => $name, 'version' => $version, 'language' => 'PHP', 'cookie' => $cookie,
        'ops' => OPERATIONS, 'stats' => true, 'idle' => null, 'absolute' => null, 'login' => null,
    ]));
}

/** Carries out the operations in order; returns their results. */
function run(string $operations, array $table): array
{
    return array_map(fn($text) => one($table, ...explode(':', $text)), explode(',', $operations));
}

function one(array $table, string $name, string ...$rest): mixed
{
    if ($name === 'gate') return gate(...$rest) ?? 'ok';
    if ($name === 'throw') throw new Exception('the handler breaks');
    if (!isset($table[$name])) return 'unsupported';
    $result = $table[$name](...$rest);
    return in_array($name, ['get', 'whoami']) ? $result : $result ?? 'ok';
}
