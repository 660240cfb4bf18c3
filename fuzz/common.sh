# The targets, and how to run each. The scripts beside this file and .ci/fuzz read it.

targets=(step differential cookie trace state)

# The crate and its harness are safe Rust, so a sanitizer has nothing to find in them, and without
# one a run is several times as fast.
build=(--sanitizer none)

need_cargo_fuzz() {
    if ! rustup toolchain list 2>/dev/null | grep -q '^nightly'; then
        echo "fuzz: needs the nightly toolchain: rustup toolchain install nightly" >&2
        return 1
    fi
    cargo +nightly fuzz --version 2>/dev/null | grep -q ' 0\.13\.' && return
    echo "fuzz: installing cargo-fuzz 0.13"
    cargo install --quiet --locked cargo-fuzz --version '^0.13'
}

# The options of libFuzzer for a target. The longest input is 250 turns of a script, or this many
# bytes of text.
options() {
    local dictionary=$PWD/fuzz/dictionaries/$1.dict
    case $1 in
        step | differential) echo "-max_len=1259" ;;
        cookie) echo "-max_len=512" ;;
        trace | state) echo "-max_len=2048" ;;
    esac
    echo "-timeout=10"
    echo "-rss_limit_mb=2048"
    [ ! -e "$dictionary" ] || echo "-dict=$dictionary"
}

# Fuzzes a target: its name, the folders of its corpus (new inputs go into the first), `--`, and
# further options of libFuzzer.
fuzz() {
    local target=$1 extra
    shift
    mapfile -t extra < <(options "$target")
    local folders=()
    while [ "$1" != -- ]; do folders+=("$1") && shift; done
    shift
    cargo +nightly fuzz run "${build[@]}" "$target" "${folders[@]}" -- "${extra[@]}" "$@"
}

# Unpacks the kept corpus of a target, and prints its folder.
unpack() {
    local folder=$PWD/fuzz/target/kept
    rm -rf "${folder:?}/$1"
    mkdir -p "$folder"
    tar -xzf "fuzz/corpus/$1.tar.gz" -C "$folder"
    echo "$folder/$1"
}

# Packs the folder of a target, below the folder that is the second argument, as its kept corpus.
# The same files make the same archive, byte for byte.
pack() {
    tar --sort=name --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
        -C "$2" -c "$1" | gzip -n9 >"fuzz/corpus/$1.tar.gz"
}
