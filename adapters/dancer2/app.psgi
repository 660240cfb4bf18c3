# Dancer2's sessions in YAML files, as its cookbook has them.
# recommended: the cookie's flags, 30 minutes, change_session_id at login.
package App;
use strict;
use warnings;
use lib '../common';
use Kit;
use Dancer2;

my $name = recommended ? '__Host-session' : 'dancer.session';
my %options = recommended
    ? (cookie_name => $name, is_secure => 1, is_http_only => 1, cookie_same_site => 'Lax',
        cookie_duration => 1800, session_duration => 1800)
    : ();
set engines => { session => { YAML => { session_dir => $ENV{KIT_DIR}, %options } } };
set session => 'YAML';
set behind_proxy => 1;
set show_errors => 0;

get '/caps' => sub {
    caps('Dancer2', $Dancer2::VERSION, $name,
        'get put del clear destroy renew login logout whoami',
        idle => recommended ? 1800 : undef, login => recommended ? 'change_session_id' : undef);
};
get '/stats' => sub { scalar(() = glob "$ENV{KIT_DIR}/*.yml") . '' };

any qr{.*/do$} => sub {
    my $results = results(query_parameters->get('ops'), {
        get => sub { session($_[0]) },
        put => sub { session($_[0] => $_[1]) },
        del => sub { session($_[0] => undef) },
        clear => sub { session($_ => undef) for keys %{ session->data } },
        destroy => sub { app->destroy_session },
        logout => sub { app->destroy_session },
        renew => sub { app->change_session_id },
        login => sub { app->change_session_id if recommended; session(user => $_[0]) },
        whoami => sub { session('user') },
    });
    status(query_parameters->get('status') // 200);
    content_type 'application/json';
    my $cache = query_parameters->get('cc');
    response_header('Cache-Control' => $cache) if $cache;
    return as_json($results);
};

App->to_app;
