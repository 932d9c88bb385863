/** What the pages about one's own rooms ask of the server, for `ui`, which does not see `protocol`. */
export { type Room, type RoomForm, RoomsApi } from '../protocol/rooms';
