/** Start a call, or go to one by link or code. */
import { useId, useState } from 'preact/hooks';
import { useActions, useAppState } from './context';
import { HomeArt } from './home-art';
import { HomeRooms } from './home-rooms';
import { Icon } from './icons';
import { mayStart } from './parts/may-start';
import { Page } from './parts/page';
import { text } from './text';
import { roomText } from './text-room';

function OpenForm() {
  const { homeError } = useAppState();
  const actions = useActions();
  const [code, setCode] = useState('');
  const field = useId();
  const error = useId();
  const submit = (e: Event) => {
    e.preventDefault();
    actions.openRoom(code);
  };
  return (
    <form class="open-form" onSubmit={submit} noValidate>
      <label class="visually-hidden" for={field}>
        {text.home.codeLabel}
      </label>
      <div class="open-row">
        <input
          id={field}
          class="field"
          data-testid="home-code"
          type="text"
          inputMode="url"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          maxLength={512}
          placeholder={text.home.codePlaceholder}
          value={code}
          aria-invalid={homeError !== undefined}
          aria-describedby={error}
          onInput={(e) => setCode(e.currentTarget.value)}
        />
        <button type="submit" class="button" data-testid="home-open" disabled={code.trim() === ''}>
          {text.home.open}
        </button>
      </div>
      <p id={error} class="field-error" data-testid="home-error" role="alert">
        {homeError}
      </p>
    </form>
  );
}

function Start() {
  const { creating, account, service } = useAppState();
  const actions = useActions();
  const rule = service?.rooms.create;
  if (mayStart(service, account)) {
    return (
      <button
        type="button"
        class="button button-main button-large"
        data-testid="home-start"
        aria-disabled={creating}
        onClick={() => !creating && actions.startCall()}
      >
        <Icon name="cam" />
        {creating ? text.home.starting : text.home.start}
      </button>
    );
  }
  return (
    <>
      {!account && (
        <button
          type="button"
          class="button button-main button-large"
          data-testid="home-signin"
          onClick={() => actions.signInFirst('/')}
        >
          {rule === 'members' ? roomText.home.signInFirst : text.who.signIn}
        </button>
      )}
      <p class="home-rule" data-testid="home-rule">
        {rule === 'members' ? roomText.home.members : roomText.home.admins}
      </p>
    </>
  );
}

export function Home() {
  const { account } = useAppState();
  return (
    <Page name="home">
      <div class="home">
        <section class="home-words">
          <h1 tabIndex={-1}>{text.home.title}</h1>
          <p class="lead">{text.home.lead}</p>
          <Start />
          {account && <HomeRooms key={account.id} />}
          <p class="or">
            <span>{text.home.or}</span>
          </p>
          <OpenForm />
        </section>
        <HomeArt />
        <section class="home-privacy" aria-label={text.home.privacyTitle}>
          {text.home.privacy.map((item) => (
            <div key={item.icon} class="promise">
              <Icon name={item.icon} size={22} />
              <h2>{item.title}</h2>
              <p>{item.text}</p>
            </div>
          ))}
        </section>
      </div>
    </Page>
  );
}
