/** In the corner of the call: which room it is, and that it is locked. */
import { useAppState } from '../context';
import { Icon } from '../icons';
import { roomText } from '../text-room';

export function RoomChip() {
  const { roomName, locked } = useAppState();
  return (
    <div class="room-chip" role="status" data-testid="room-chip">
      {(roomName !== '' || locked) && (
        <p>
          {locked && <Icon name="lock" size={18} />}
          {locked && roomName === '' && roomText.people.lockedShort}
          {locked && roomName !== '' && <span class="visually-hidden">{roomText.people.lockedShort}</span>}
          {roomName !== '' && <bdi>{roomName}</bdi>}
        </p>
      )}
    </div>
  );
}
