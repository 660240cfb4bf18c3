# Mojolicious: the whole session is in a signed cookie, for an hour.
# recommended: Secure, a __Host- name, 30 minutes.
use strict;
use warnings;
use lib '../common';
use Kit;
use Mojolicious::Lite -signatures;

my $name = recommended ? '__Host-session' : 'mojolicious';
app->secrets(['k' x 32]);
if (recommended) {
    app->sessions->cookie_name($name)->secure(1)->samesite('Lax')->default_expiration(1800);
}

get '/caps' => sub ($c) {
    $c->render(data => caps('Mojolicious', Mojolicious->VERSION, $name,
        'get put del clear destroy login logout whoami', sealed => JSON::PP::true,
        stats => JSON::PP::false, idle => recommended ? 1800 : 3600));
};
any '/*rest' => sub ($c) {
    my $results = results($c->req->query_params->param('ops'), {
        get => sub { $c->session($_[0]) },
        put => sub { $c->session(@_) },
        del => sub { delete $c->session->{$_[0]} },
        clear => sub { %{ $c->session } = () },
        destroy => sub { $c->session(expires => 1) },
        logout => sub { $c->session(expires => 1) },
        login => sub { $c->session(user => $_[0]) },
        whoami => sub { $c->session('user') },
    });
    my $cache = $c->req->query_params->param('cc');
    $c->res->headers->cache_control($cache) if $cache;
    $c->res->headers->content_type('application/json');
    $c->render(data => as_json($results), status => $c->req->query_params->param('status') // 200);
};

app->mode('production')->log->level('error');
app->start;
