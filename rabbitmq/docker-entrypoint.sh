#!/bin/sh
# Puts the passwords of the environment into the definitions, then hands over to the image's own entry point.
set -eu

for name in RELAY_BROKER_PASSWORD RELAY_CLIENT_PASSWORD RELAY_ERLANG_COOKIE; do
  value=$(printenv "$name" || true)
  # A broker of its own makes one itself.
  [ "$name$value" = RELAY_ERLANG_COOKIE ] && continue
  case $value in
    '') echo "$name is not set: see .env.example" >&2 && exit 64 ;;
    # Anything else would need three different escapings: for JSON, for URLs and for sed.
    *[!A-Za-z0-9_-]*) echo "$name may have letters, digits, - and _ only" >&2 && exit 64 ;;
  esac
done

target=/etc/rabbitmq/relay-definitions.json
(
  umask 077
  sed -e "s/\${RELAY_BROKER_PASSWORD}/$RELAY_BROKER_PASSWORD/" \
    -e "s/\${RELAY_CLIENT_PASSWORD}/$RELAY_CLIENT_PASSWORD/" /opt/relay/definitions.json >"$target"
)
chown rabbitmq:rabbitmq "$target"
echo "load_definitions = $target" >/etc/rabbitmq/conf.d/60-definitions.conf

if [ -n "${RELAY_ERLANG_COOKIE:-}" ]; then
  cookie=/var/lib/rabbitmq/.erlang.cookie
  rm -f "$cookie"
  (umask 077 && printf %s "$RELAY_ERLANG_COOKIE" >"$cookie")
  chown rabbitmq:rabbitmq "$cookie"
fi

# The broker's own environment need not carry them.
unset RELAY_BROKER_PASSWORD RELAY_CLIENT_PASSWORD RELAY_ERLANG_COOKIE
exec docker-entrypoint.sh "$@"
