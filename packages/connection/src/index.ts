/**
 * `@mqtt-stack/connection`: the life of a connection, from its CONNECT to its one clean or unclean disconnect.
 * @packageDocumentation
 */
export { CONNECTION_OPTIONS, Connection, type ConnectionOptions } from './connection.ts'
