/** One person, and what an administrator can do about their account. */
import { useId, useRef, useState } from 'preact/hooks';
import type { AdminApi, User as UserInfo } from '../../state/administration';
import type { ApiFault } from '../../state/types';
import { Act, useDates } from '../account/section';
import { useActions, useAppState } from '../context';
import { Icon } from '../icons';
import { Avatar } from '../parts/avatar';
import { adminText } from '../text-admin';
import { faultText } from '../text-forms';

const words = adminText.users;

interface Props {
  readonly user: UserInfo;
  readonly admin: AdminApi;
  /** undefined: deleted. */
  readonly onChange: (user: UserInfo | undefined) => void;
}

/** The server's word in the words of this page; what is shown beside a button is its detail. */
const told = (fault: ApiFault | undefined): ApiFault | undefined =>
  fault && { ...fault, code: 'told', detail: faultText(fault, words.faults) };

function Manage({ user, admin, onChange }: Props) {
  const actions = useActions();
  const change = async (part: { role?: UserInfo['role']; disabled?: boolean }) => {
    const fault = await admin.change(user.id, part);
    if (fault) return told(fault);
    onChange({ ...user, ...part });
    actions.say(words.changed);
    return undefined;
  };
  const signOut = async () => {
    const fault = await admin.signOut(user.id);
    if (!fault) actions.say(words.signedOut(user.name));
    return told(fault);
  };
  const remove = async () => {
    const fault = await admin.remove(user.id);
    if (fault && fault.status !== 404) return told(fault);
    actions.say(words.removed(user.name));
    onChange(undefined);
    return undefined;
  };
  const isAdmin = user.role === 'admin';
  return (
    <>
      <Act
        key={user.role}
        label={isAdmin ? words.makeMember : words.makeAdmin}
        sure={isAdmin ? words.makeMemberSure : words.makeAdminSure}
        testid="user-role"
        run={() => change({ role: isAdmin ? 'member' : 'admin' })}
      />
      {user.disabled ? (
        <Act label={words.enable} testid="user-enable" run={() => change({ disabled: false })} />
      ) : (
        <Act
          label={words.disable}
          sure={words.disableSure}
          testid="user-disable"
          run={() => change({ disabled: true })}
        />
      )}
      <Act label={words.signOut} sure={words.signOutSure} testid="user-signout" run={signOut} />
      <Act
        label={words.remove}
        sure={words.removeSure}
        kind="button-warn"
        testid="user-remove"
        run={remove}
      />
    </>
  );
}

export function User({ user, admin, onChange }: Props) {
  const { account } = useAppState();
  const dates = useDates();
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  return (
    <li class="list-item user" data-testid="user" data-user={user.id}>
      <Avatar name={user.name} small />
      <div class="list-words">
        <p class="list-title">
          <bdi>{user.name}</bdi>
        </p>
        <p class="list-note">
          <bdi>{user.email}</bdi>
        </p>
      </div>
      <div class="user-about">
        <p class="user-tags">
          {user.id === account?.id && <span class="tag">{words.you}</span>}
          {user.role === 'admin' && <span class="tag">{words.admin}</span>}
          {user.disabled && <span class="tag tag-warn">{words.disabled}</span>}
          {user.two_factor && <span class="tag tag-quiet">{words.factor}</span>}
        </p>
        <p class="list-note">
          {user.signed_in ? words.seen(dates.day(user.signed_in)) : words.never} · {words.rooms(user.rooms)}
        </p>
      </div>
      <button
        ref={button}
        type="button"
        class="icon-button"
        data-testid="user-manage"
        aria-expanded={open}
        aria-controls={id}
        aria-label={words.manageName(user.name)}
        title={words.manage}
        onClick={() => setOpen(!open)}
      >
        <Icon name="more" />
      </button>
      <div id={id} class="user-manage" hidden={!open}>
        {open && <Manage user={user} admin={admin} onChange={onChange} />}
      </div>
    </li>
  );
}
