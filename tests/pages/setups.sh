# shellcheck shell=sh disable=SC2317
# What tests/reference/run_blocks does before it runs a block. A function makes the situation that the page assumes, in
# the current directory.

# Runs after each block: ends what has a pidfile in the run directory, and the helpers of a setup.
end() {
    unset GREETER_CONFIG
    for file in "$GREETER_RUN_DIRECTORY"/*.pid; do
        "$programs/greeter" kill --pid-file "$file" --control-socket "${file%.pid}.control" >/dev/null 2>&1 || :
    done
    for pid in ${helpers-}; do kill "$pid" 2>/dev/null || :; done
    if [ "${database_directory-}" ]; then
        as_database pg_ctl --pgdata "$database_directory/data" --mode immediate stop >/dev/null 2>&1 || :
        rm -rf "$database_directory"
    fi
}

nothing() { :; }

# A config file is there, and nothing runs.
greeter_configured() {
    echo '{"log-file": "'"$PWD"'/var/log/greeter.log"}' >etc/greeter.json
    export GREETER_CONFIG="$PWD/etc/greeter.json"
}
greeter_runs() {
    greeter_configured
    greeter start
}
greeter_has_greeted() {
    greeter_runs
    for name in one two three; do greeter call greet name=$name; done
}
greeter_was_killed() {
    greeter_runs
    pid=$(greeter pid)
    kill -9 "$pid"
    greeter wait
}
greeter_has_crashed() {
    greeter_runs
    kill -SEGV "$(greeter pid)"
    greeter wait
}
greeter_logs() {
    greeter_runs
    # `-f` follows for ever.
    greeter() {
        [ "$*" != "logs -f" ] || set -- logs
        command greeter "$@"
    }
}
greeter_misconfigured() {
    greeter_configured
    echo '{"app": {"greting": "hi"}}' >etc/greeter.json
}
each_start_is_stopped() {
    greeter() {
        command greeter "$@" --log-file log
        command greeter stop
    }
}
new_greeter() {
    greeter_runs
    mkdir -p usr/bin
    cp "$(command -v greeter)" greeter.new
    PATH=$PWD/usr/bin:$PATH
}

line_server_runs() {
    echo '{"log-file": "log", "app": {"port": 0, "data-directory": "data", "greeting": "hello"}}' >server.json
    export JUST_ANOTHER_SERVER_CONFIG="$PWD/server.json"
    just-another-server start
}
line_server_with_clients() {
    line_server_runs
    port=$(just-another-server status --json | jq .port)
    for lines in 1000 38; do
        { seq "$lines" && exec sleep 60; } | socat - "tcp:127.0.0.1:$port" >/dev/null &
        helpers="${helpers-} $!"
    done
    until [ "$(just-another-server status --json | jq .lines)" -eq 1038 ]; do sleep 0.05; done
}
# The keys that a reload applies and that need a restart.
reload_reply() {
    line_server_runs
    sed -i -e 's/hello/good day/' -e 's/"port": 0/"port": 2000/' server.json
    just-another-server reload --json >reply
    jq -S . block >shown
    jq -S . reply | diff shown -
}

images() {
    mkdir images
    for name in one two; do
        { printf 'P6\n4 2\n255\n' && printf '%024d' 0; } >"images/$name.ppm"
    done
}
an_image() {
    images
    cp images/one.ppm .
}
thumbnailer_runs() {
    images
    echo '{"log-file": "log", "app": {"images": "'"$PWD"'/images", "thumbnails": "'"$PWD"'/small", "width": 2,
        "password": "hush"}}' >thumbnailer.json
    export THUMBNAILER_CONFIG="$PWD/thumbnailer.json"
    thumbnailer start
}
thumbnailer_with_images() {
    thumbnailer_runs
    thumbnailer call rescan
}
thumbnailer_with_secret() {
    command -v script || exit 77
    thumbnailer_with_images
    mkdir run/secrets
    echo hush >run/secrets/purge
    pass() { echo hush; }
    export PASSWORD=hush
    thumbnailer() {
        [ "$*" = "call purge" ] || {
            command thumbnailer "$@"
            return
        }
        # On a terminal it prompts.
        mkfifo keys
        script --quiet --flush --return --command 'thumbnailer call purge' /dev/null <keys >seen &
        exec 3>keys
        until grep -q password: seen; do sleep 0.05; done
        echo hush >&3
        wait "$!"
        cat seen
    }
}
# A rescan that reads from a FIFO, a reload that waits for the rescan, and a purge that waits for the reload.
thumbnailer_is_busy() {
    thumbnailer_with_images
    for number in 2 3 4 5 6; do thumbnailer call list; done
    mkfifo images/slow.ppm
    for verb in 'call rescan' reload 'call purge password=hush'; do
        thumbnailer $verb >/dev/null 2>&1 &
        helpers="${helpers-} $!"
        until thumbnailer status | grep " $(echo "$verb" | cut -d ' ' -f 2), for"; do sleep 0.05; done
    done
}

# Settings of greeter, except the user, who need not exist.
access_settings() {
    jq '.user = "'"$(id -un)"'"' block >settings.json
    if [ "$(id -u)" -ne 0 ]; then
        sed -i '/"control-group"/d' settings.json
    fi
    mkdir -p srv/greeter
    greeter check --config settings.json
}
# The message about a log that is a link in a directory of another user.
link_of_another_user() {
    [ "$(id -u)" -eq 0 ] || exit 77
    mkdir srv/www
    chown 33 srv/www
    ln -s /dev/null srv/www/x.log
    ended=0
    greeter start --log-file "$PWD/srv/www/x.log" 2>printed || ended=$?
    [ "$ended" -eq 77 ]
    sed 's/^greeter: //' printed | diff block -
}
# The keys of a record, also those below, and their types. `settings` has what on_load computes, here nothing.
record() {
    echo '{"run-directory": "run", "log-file": "log"}' >greeter.json
    env -u GREETER_RUN_DIRECTORY greeter start --config greeter.json
    types='.settings = {} | paths as $p | "\($p | map(tostring) | join("/")) \(getpath($p) | type)"'
    jq -r "$types" block | sort >shown
    jq -r "$types" ../records/greeter-*.json | sort | diff shown -
}

# systemctl(1) that does nothing, and checks a unit that it starts.
units() {
    command -v systemd-analyze || exit 77
    greeter_configured
    mkdir -p etc/systemd/system
    systemctl() {
        eval "unit=\${$#}"
        case $unit in
            *.*) (cd etc/systemd/system && systemd-analyze verify --man=no --recursive-errors=no "./$unit") ;;
        esac
    }
}
instances() {
    units
    mkdir etc/greeter
    echo '{}' >etc/greeter/berlin.json
    greeter start --name greeter-berlin --log-file log
}
user_units() {
    command -v systemd-analyze || exit 77
    mkdir -p home/.config/systemd/user
    systemctl() {
        eval "unit=\${$#}"
        (cd home/.config/systemd/user && systemd-analyze --user verify --man=no --recursive-errors=no "./$unit")
    }
}
drop_in() {
    command -v systemd-analyze || exit 77
    greeter_configured
    greeter unit >greeter.service
    mkdir greeter.service.d
    cp block greeter.service.d/override.conf
    systemd-analyze verify --man=no --recursive-errors=no ./greeter.service >verified 2>&1 || :
    cat verified
    [ ! -s verified ]
}
unit_of_ticker() {
    command -v systemd-analyze || exit 77
    sed -E 's#^(ExecStart=)[^ ]*#\1/bin/true#' block >ticker.service
    systemd-analyze verify --man=no --recursive-errors=no ./ticker.service >verified 2>&1 || :
    cat verified
    [ ! -s verified ]
}

# A greeter with a backup that has a fault.
faulty_greeter() {
    mkdir -p usr/bin
    cp "$(command -v faulty-greeter)" usr/bin/greeter
    PATH=$PWD/usr/bin:$PATH
    export FAULT="$1"
    greeter_configured
}
start_crashes() { faulty_greeter start; }
backup_has_crashed() {
    faulty_greeter crash
    greeter start
    greeter call backup || :
    greeter wait
}
backup_has_exited() {
    faulty_greeter exit
    greeter start
    greeter call backup || :
    greeter wait
}
backup_hangs() {
    faulty_greeter none
    greeter start
    for number in 1 2 3 4 5 6; do greeter reload; done
    greeter call backup &
    helpers=$!
    until greeter status | grep busy; do sleep 0.05; done
}

# A service with a Lisp.
lisp_server() {
    [ -x "$programs/lisp" ] || exit 77
    cat >server.lisp <<'END'
(setf (service:name) "just-another-server"
      (service:run-directory) "run"
      (service:setting "log-file") "log")
(defun service::connections () 17)
(export 'service::connections "SERVICE")
END
    mkdir -p usr/bin
    printf '#!/bin/sh\nexec lisp %s/server.lisp "$@"\n' "$PWD" >usr/bin/just-another-server
    chmod +x usr/bin/just-another-server
    PATH=$PWD/usr/bin:$PATH
    just-another-server start
}

# PostgreSQL does not run as root.
as_database() {
    if [ "$(id -u)" -eq 0 ]; then
        setpriv --reuid nobody --regid nogroup --clear-groups "$@"
    else
        "$@"
    fi
}
# A database that psql connects to, and the file write.sql.
database() {
    for programs_of_database in /usr/lib/postgresql/*/bin; do PATH=$PATH:$programs_of_database; done
    command -v initdb && command -v psql && command -v setpriv || exit 77
    # Its user has no access to the directory of the block.
    database_directory=$(mktemp -d)
    export PGHOST="$database_directory" PGUSER=postgres PGDATABASE=postgres
    [ "$(id -u)" -ne 0 ] || chown nobody "$database_directory"
    (
        cd "$database_directory"
        as_database initdb --pgdata data --auth trust --username postgres --no-sync
        as_database pg_ctl --pgdata data --wait --log log \
            --options "-c listen_addresses= -c unix_socket_directories=$database_directory -c fsync=off" start
    )
    cat >write.sql <<'END'
WITH fence AS (
    UPDATE fence SET token = :token WHERE service = 'tally' AND token <= :token RETURNING token
)
INSERT INTO orders SELECT :number, 'paid' FROM fence RETURNING number;
END
}

# An etcd without users, which etcdctl connects to.
etcd_with_users() {
    command -v etcd && command -v etcdctl && command -v setpriv || exit 77
    port=$((10000 + $$ % 10000 * 2))
    until curl -s --noproxy '*' "http://127.0.0.1:$port/health" | grep -q '"true"'; do
        [ "${etcd-}" ] && kill -0 "$etcd" 2>/dev/null || {
            port=$((port + 2))
            setpriv --pdeathsig KILL etcd --data-dir etcd --listen-client-urls "http://127.0.0.1:$port" \
                --advertise-client-urls "http://127.0.0.1:$port" --listen-peer-urls "http://127.0.0.1:$((port + 1))" \
                --initial-advertise-peer-urls "http://127.0.0.1:$((port + 1))" \
                --initial-cluster "default=http://127.0.0.1:$((port + 1))" &
            etcd=$!
            helpers="${helpers-} $etcd"
        }
        sleep 0.1
    done
    export ETCDCTL_API=3 ETCDCTL_ENDPOINTS="http://127.0.0.1:$port"
}
