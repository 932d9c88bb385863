/** What the administration page asks of the server, for `ui`, which does not see `protocol`. Loaded with it. */
export {
  AdminApi,
  type AuditEvent,
  type Role,
  type Setting,
  type UsedRoom,
  type User,
} from '../protocol/admin';
