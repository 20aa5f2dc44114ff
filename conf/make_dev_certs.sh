#!/usr/bin/env bash
# Creates certificates for trying TLS, signed by a CA created here. Not for
# production: the key of the CA is stored next to them.
#
#   conf/make_dev_certs.sh [FOLDER] [CLIENT...]
#
# FOLDER (default: dev-certs) gets ca.pem, server.pem and server.key for
# localhost, 127.0.0.1, ::1 and this machine's name, and CLIENT.pem with
# CLIENT.key for each named client. An existing CA is used again, so that it has
# to be trusted only once. Environment: NAMES lists more names for the server,
# DAYS is the validity (30).
set -eu
umask 077

folder=${1:-dev-certs}
[ $# -eq 0 ] || shift
days=${DAYS:-30}

make_key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1"
}

# certificate NAME SUBJECT EXTENSIONS: signed by the CA, moved into place at once
certificate() {
    local made=$folder/.$1
    make_key "$made.key"
    openssl req -new -utf8 -key "$made.key" -subj "$2" -out "$made.csr"
    openssl x509 -req -in "$made.csr" -CA "$folder/ca.pem" \
        -CAkey "$folder/ca.key" -set_serial "0x$(openssl rand -hex 16)" \
        -days "$days" -sha256 -extfile <(printf '%s\n' "$3") \
        -out "$made.pem" 2>/dev/null
    rm "$made.csr"
    mv "$made.key" "$folder/$1.key"
    mv "$made.pem" "$folder/$1.pem"
}

mkdir -p "$folder"
if [ ! -e "$folder/ca.pem" ]; then
    make_key "$folder/ca.key"
    openssl req -x509 -new -key "$folder/ca.key" -sha256 -days "$days" \
        -subj "/CN=Peal development CA" -out "$folder/ca.pem" \
        -addext "keyUsage=critical,keyCertSign,cRLSign"
fi

names="DNS:localhost,DNS:$(hostname),IP:127.0.0.1,IP:::1"
for name in ${NAMES:-}; do
    names="$names,DNS:$name"
done
certificate server "/CN=localhost" "subjectAltName=$names
extendedKeyUsage=serverAuth"
for client in "$@"; do
    certificate "$client" "/CN=$client" "extendedKeyUsage=clientAuth"
done

printf '%s\n' "Try:" \
    "  conf/run.sh --tls.cert $folder/server.pem --tls.key $folder/server.key" \
    "  curl --cacert $folder/ca.pem https://localhost:8080/health"
