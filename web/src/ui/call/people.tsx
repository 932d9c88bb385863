/** Who is in the call, and what its host may do: let people go, hand the role on, keep the door, end it. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { PeerState } from '../../state/types';
import { useActions, useAppState } from '../context';
import { Icon } from '../icons';
import { Avatar } from '../parts/avatar';
import { isOn } from '../parts/device-toggle';
import { Dialog } from '../parts/dialog';
import { text } from '../text';
import { roomText } from '../text-room';
import { InviteLink } from './alone';

const words = roomText.people;

interface PersonProps {
  name: string;
  shown: string;
  host: boolean;
  owner: boolean;
  audio: boolean;
  video: boolean;
  /** For somebody who can be dealt with. */
  peer?: PeerState;
}

function Off({ icon, label }: { icon: 'micOff' | 'camOff'; label: string }) {
  return (
    <span class="person-off" title={label}>
      <Icon name={icon} size={20} />
      <span class="visually-hidden">{label}</span>
    </span>
  );
}

/** A question with the safe answer first in reach of Enter. */
export function Sure({
  question,
  yes,
  testid,
  onYes,
  onNo,
}: {
  question: string;
  yes: string;
  testid: string;
  onYes: () => void;
  onNo: () => void;
}) {
  const id = useId();
  const no = useRef<HTMLButtonElement>(null);
  useEffect(() => no.current?.focus(), []);
  return (
    <div class="sure">
      <p id={id}>{question}</p>
      <div class="sure-buttons">
        <button
          type="button"
          class="button button-small button-danger"
          data-testid={`${testid}-yes`}
          aria-describedby={id}
          onClick={onYes}
        >
          {yes}
        </button>
        <button
          ref={no}
          type="button"
          class="button button-small"
          data-testid={`${testid}-no`}
          aria-describedby={id}
          onClick={onNo}
        >
          {words.cancel}
        </button>
      </div>
    </div>
  );
}

function Manage({ id, peer, close }: { id: string; peer: PeerState; close: () => void }) {
  const { hosting } = useActions();
  const [sure, setSure] = useState(false);
  if (sure) {
    return (
      <div id={id} class="person-manage">
        <Sure
          question={words.removeSure(peer.name)}
          yes={words.remove}
          testid="person-remove"
          onYes={() => {
            hosting.remove(peer.participant);
            close();
          }}
          onNo={close}
        />
      </div>
    );
  }
  return (
    <div id={id} class="person-manage">
      {!peer.host && (
        <button
          type="button"
          class="button button-small"
          data-testid="person-host"
          onClick={() => {
            hosting.makeHost(peer.participant);
            close();
          }}
        >
          {words.makeHost}
        </button>
      )}
      {!peer.owner && (
        <button
          type="button"
          class="button button-small button-warn"
          data-testid="person-remove"
          onClick={() => setSure(true)}
        >
          {words.remove}
        </button>
      )}
    </div>
  );
}

function Person({ name, shown, host, owner, audio, video, peer }: PersonProps) {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const box = useRef<HTMLLIElement>(null);
  const id = useId();
  useEffect(() => {
    if (open) box.current?.querySelector<HTMLElement>('.person-manage button')?.focus();
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  return (
    <li class="person" ref={box} data-testid="person" data-participant={peer?.participant}>
      <Avatar name={name} small />
      <span class="person-name">
        <bdi>{shown}</bdi>
        {host && <span class="tag">{text.host}</span>}
        {owner && <span class="tag tag-quiet">{words.owner}</span>}
      </span>
      {!audio && <Off icon="micOff" label={text.people.micOff} />}
      {!video && <Off icon="camOff" label={text.people.cameraOff} />}
      {peer && (
        <button
          ref={button}
          type="button"
          class="icon-button"
          data-testid="person-manage"
          aria-expanded={open}
          aria-controls={id}
          aria-label={words.manage(name)}
          title={words.manage(name)}
          onClick={() => setOpen(!open)}
        >
          <Icon name="more" />
        </button>
      )}
      {peer && open && <Manage id={id} peer={peer} close={close} />}
    </li>
  );
}

function Switch({
  title,
  hint,
  on,
  testid,
  change,
}: {
  title: string;
  hint: string;
  on: boolean;
  testid: string;
  change: (on: boolean) => void;
}) {
  return (
    <label class="switch">
      <span>
        <span class="switch-title">{title}</span>
        <span class="switch-hint">{hint}</span>
      </span>
      <input
        type="checkbox"
        role="switch"
        data-testid={testid}
        checked={on}
        aria-checked={on}
        onChange={(e) => change(e.currentTarget.checked)}
      />
    </label>
  );
}

function DoorSwitches({ may }: { may: boolean }) {
  const { knock, locked } = useAppState();
  const { hosting } = useActions();
  if (!may) {
    const note = knock ? text.people.knockOnMember : text.people.knockOffMember;
    return <p class="dialog-note">{locked ? words.locked : note}</p>;
  }
  return (
    <>
      <Switch
        title={text.people.knock}
        hint={text.people.knockHint}
        on={knock}
        testid="knock-toggle"
        change={(on) => hosting.change({ knock: on })}
      />
      <Switch
        title={words.lock}
        hint={words.lockHint}
        on={locked}
        testid="lock-toggle"
        change={(on) => hosting.change({ locked: on })}
      />
    </>
  );
}

function EndForAll() {
  const { hosting } = useActions();
  const [sure, setSure] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const asked = useRef(false);
  useEffect(() => {
    if (asked.current && !sure) button.current?.focus();
    asked.current = sure;
  }, [sure]);
  return (
    <div class="people-end">
      {sure ? (
        <Sure
          question={words.endSure}
          yes={words.endYes}
          testid="end-call"
          onYes={() => hosting.end()}
          onNo={() => setSure(false)}
        />
      ) : (
        <button
          ref={button}
          type="button"
          class="button button-warn"
          data-testid="end-call"
          onClick={() => setSure(true)}
        >
          <Icon name="hangup" size={22} />
          {words.end}
        </button>
      )}
    </div>
  );
}

function TakeHost() {
  const { hosting } = useActions();
  return (
    <div class="people-take">
      <p>{words.takeHostHint}</p>
      <button
        type="button"
        class="button button-small"
        data-testid="take-host"
        onClick={() => hosting.takeHost()}
      >
        {words.takeHost}
      </button>
    </div>
  );
}

export function PeopleDialog() {
  const { name, host, owner, peers, devices, locked } = useAppState();
  const may = host || owner;
  return (
    <Dialog title={text.people.title} testid="people">
      <ul class="people">
        <Person
          name={name}
          shown={text.people.youName(name)}
          host={host}
          owner={owner}
          audio={isOn(devices.audio)}
          video={isOn(devices.video)}
        />
        {peers.map((p) => (
          <Person
            key={p.participant}
            name={p.name}
            shown={p.name}
            host={p.host}
            owner={p.owner}
            audio={p.audio}
            video={p.video}
            {...(may && !(p.host && p.owner) ? { peer: p } : {})}
          />
        ))}
      </ul>
      {owner && !host && <TakeHost />}
      <DoorSwitches may={may} />
      <h3>{text.people.invite}</h3>
      {locked && may && <p class="dialog-note people-locked">{words.lockedInvite}</p>}
      <InviteLink testid="people-copy" />
      {may && <EndForAll />}
    </Dialog>
  );
}
