/** Beside "start a call": one's own rooms, a click away. */
import { useEffect, useState } from 'preact/hooks';
import { type Room, RoomsApi } from '../state/rooms';
import { useActions } from './context';
import { Icon } from './icons';
import { Link } from './parts/link';
import { text } from './text';
import { roomText } from './text-room';

const SHOWN = 4;

/** Nothing while it loads, and nothing if it does not: there is more to do on this page. */
export function HomeRooms() {
  const actions = useActions();
  const [rooms, setRooms] = useState<readonly Room[]>([]);
  useEffect(() => {
    let gone = false;
    void new RoomsApi(actions.api).list().then((answer) => {
      if (!gone && answer.ok) setRooms(answer.value);
    });
    return () => {
      gone = true;
    };
  }, [actions]);
  if (rooms.length === 0) return null;
  return (
    <section class="home-rooms" aria-labelledby="home-rooms" data-testid="home-rooms">
      <div class="home-rooms-head">
        <h2 id="home-rooms">{roomText.home.rooms}</h2>
        <Link to="/rooms" class="link link-small" testid="home-rooms-all">
          {roomText.home.all}
        </Link>
      </div>
      <ul>
        {rooms.slice(0, SHOWN).map((room) => (
          <li key={room.id} class="home-room">
            <Link to={`/r/${room.id}`} class="home-room-link" testid="home-room">
              <Icon name={room.locked ? 'lock' : 'door'} size={20} />
              <bdi>{room.name}</bdi>
              <Icon name="arrow" size={18} />
            </Link>
            <button
              type="button"
              class="icon-button"
              data-testid="home-room-copy"
              title={text.copyLink}
              aria-label={`${text.copyLink}: ${room.name}`}
              onClick={() => actions.copy(room.url, roomText.copied)}
            >
              <Icon name="link" size={20} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
