/** The configuration that `mqtt-stack init` writes: as it is, this machine alone is let in. */
export const STARTING_FILE = `# yaml-language-server: $schema=https://unpkg.com/@mqtt-stack/broker/config.schema.json
#
# The configuration of mqtt-stack.
#   mqtt-stack check broker.yaml       says what it lets whom do
#   mqtt-stack --config broker.yaml    starts it; SIGHUP reads it again
# Paths are relative to this file. \${NAME} and \${NAME:-default} are environment variables;
# a secret may be in a file of its own: { file: path }.

listeners:
  # Programs on this machine. Nobody else reaches this address.
  - listen: mqtt://127.0.0.1:1883

  # The world: TLS, and whoever is in the file of users. To turn it on take away "# " here, and at
  # "password", "acl" and "limits" below; then: mqtt-stack passwd users alice
  # - listen: mqtts://0.0.0.0:8883
  #   cert: certs/server.pem
  #   key: certs/server.key
  #   providers: [password]

auth:
  # Who connects without a name: from this machine alone. \`true\` would be everybody.
  anonymous: local
  # password: { file: users }

# What clients may do: the first rule that fits decides, and what no rule allows is refused.
# acl:
#   rules:
#     - { allow: [publish, subscribe], topic: 'users/%u/#' }
#     - { allow: [publish, subscribe], topic: '#', anonymous: true }

# How much clients may do; an empty section has limits that are sensible.
# limits: {}

# Sessions and messages are in memory, and gone with the process; this keeps them.
# store:
#   lmdb: { path: data }

log:
  level: info
`
