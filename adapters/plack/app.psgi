# Plack::Middleware::Session over its file store (its memory store serves one process only), no
# option else. recommended: the cookie's flags, 30 minutes, change_id at login.
use strict;
use warnings;
use lib '../common';
use Kit;
use Plack::Builder;
use Plack::Middleware::Session;
use Plack::Request;
use Plack::Session;
use Plack::Session::State::Cookie;
use Plack::Session::Store::File;

my $name = recommended ? '__Host-session' : 'plack_session';
my %options = recommended
    ? (session_key => $name, secure => 1, httponly => 1, samesite => 'Lax', expires => 1800)
    : ();

my $judged = sub {
    my $env = shift;
    my $query = Plack::Request->new($env)->query_parameters;
    my $s = Plack::Session->new($env);
    my $renew = sub { $env->{'psgix.session.options'}{change_id} = 1 };
    my $results = results($query->{ops}, {
        get => sub { $s->get($_[0]) },
        put => sub { $s->set(@_) },
        del => sub { $s->remove($_[0]) },
        clear => sub { $s->remove($_) for $s->keys },
        destroy => sub { $s->expire },
        logout => sub { $s->expire },
        renew => $renew,
        login => sub { $renew->() if recommended; $s->set(user => $_[0]) },
        whoami => sub { $s->get('user') },
    });
    my @headers = ('Content-Type' => 'application/json');
    push @headers, 'Cache-Control' => $query->{cc} if $query->{cc};
    return [$query->{status} || 200, \@headers, [as_json($results)]];
};
my $sessions = builder {
    enable 'Session',
        store => Plack::Session::Store::File->new(dir => $ENV{KIT_DIR}),
        state => Plack::Session::State::Cookie->new(%options);
    $judged;
};

sub {
    my $env = shift;
    return [200, [], [caps(
        'Plack::Middleware::Session', $Plack::Middleware::Session::VERSION, $name,
        'get put del clear destroy renew login logout whoami',
        idle => recommended ? 1800 : undef, login => recommended ? 'change_id' : undef)]]
        if $env->{PATH_INFO} eq '/caps';
    return [200, [], [scalar(() = grep { -f } glob "$ENV{KIT_DIR}/*") . '']]
        if $env->{PATH_INFO} eq '/stats';
    return $sessions->($env);
};
