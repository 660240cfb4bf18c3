# Run this with sh in an empty folder, while the server runs with KIT_GATE=$G.
c() { curl -s -w ' -> %{http_code}\n' -H 'X-Forwarded-Proto: https' "$@"; }
id() { awk -v n="$N" '$6 == n { print $7 }' "$1.jar"; }
all() { awk 'NF > 6 { printf "%s%s=%s", s, $6, $7; s = "; " }' "$1.jar"; }
gate() { rm -f at go; mkfifo at go; python3 -c 'import socket, sys; s = socket.create_server(("127.0.0.1", int(sys.argv[1]))); open("at", "w").close(); c = s.accept()[0]; c.recv(9999); open("at", "w").close(); open("go").read(); c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")' "$G" & cat at; }
clock() { python3 -c 'import struct, sys; open(sys.argv[1], "r+b").write(struct.pack("<q", int(sys.argv[2])))' "${KIT_CLOCK:?the clock file of the server}" "$1"; }
forge() { v=$(id "$1"); sed "s/$v/$(echo "$v" | tr 0-9a-fA-F 1-90b-faB-FA)/" "$1.jar" > "$2.jar"; }
tamper() { v=$(id "$1"); l=$(echo "$v" | cut -c$(($3 + 1))); n=$(echo "$l" | tr 0-9a-fg-zA-FG-Z 1-90b-fah-zaB-FAH-ZA); w=$(echo "$v" | cut -c1-"$3")$n$(echo "$v" | cut -c$(($3 + 2))-); [ "$3" -gt 0 ] || w=$n$(echo "$v" | cut -c2-); awk -v n="$N" -v w="$w" 'BEGIN { OFS = "\t" } $6 == n { $7 = w } 1' "$1.jar" > "$2.jar"; }
half() { echo "$1" | cut -c1-$((${#1} / 2)); }
half_id() { half "$(id "$1")"; }
longer() { id "$1" | sed 's/[^0-9A-Za-z]*$/0&/'; }
bare() { echo "${1#__*-}"; }
encoded() { printf '%s%%%02X' "${1%?}" "'${1#"${1%?}"}"; }
