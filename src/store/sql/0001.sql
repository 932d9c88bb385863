-- Accounts and what belongs to them. Times are microseconds since 1970; ids are 16 symbols of base32; hashes of
-- tokens are BLAKE2b-256 as base64url; "sealed" is secretbox under the key in the data directory, as base64url.

CREATE TABLE accounts (
	id TEXT COLLATE "binary" PRIMARY KEY,
	email TEXT COLLATE "binary" NOT NULL UNIQUE, -- lower case
	name TEXT NOT NULL,
	name_key TEXT COLLATE "binary" NOT NULL, -- lower case, for search
	role TEXT NOT NULL, -- admin, member
	language TEXT NOT NULL, -- '' is the browser's
	password TEXT NOT NULL, -- argon2id, crypto_pwhash_str; '' for none
	disabled BIGINT NOT NULL DEFAULT 0,
	totp TEXT NOT NULL DEFAULT '', -- sealed secret; '' for none
	totp_step BIGINT NOT NULL DEFAULT 0, -- the last time step used: no code counts twice
	created_us BIGINT NOT NULL,
	signed_in_us BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX accounts_name ON accounts (name_key, id);
CREATE INDEX accounts_admins ON accounts (id) WHERE role = 'admin'; -- few, and asked for whenever one may go

-- Mailed and shown secrets, all single-use: signup, email, reset, invite, setup, passkey (a challenge).
CREATE TABLE tokens (
	hash TEXT COLLATE "binary" PRIMARY KEY,
	kind TEXT NOT NULL,
	account_id TEXT COLLATE "binary" REFERENCES accounts (id) ON DELETE CASCADE,
	email TEXT COLLATE "binary" NOT NULL, -- whom it was sent to; '' for none
	data TEXT NOT NULL, -- JSON, by kind
	created_us BIGINT NOT NULL,
	expires_us BIGINT NOT NULL
);
CREATE INDEX tokens_account ON tokens (account_id, kind);
CREATE INDEX tokens_email ON tokens (email, kind);
CREATE INDEX tokens_expires ON tokens (expires_us);

CREATE TABLE sessions (
	id TEXT COLLATE "binary" PRIMARY KEY,
	token_hash TEXT COLLATE "binary" NOT NULL UNIQUE,
	account_id TEXT COLLATE "binary" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	created_us BIGINT NOT NULL,
	seen_us BIGINT NOT NULL,
	client TEXT NOT NULL, -- "Firefox on Linux"
	address TEXT NOT NULL -- where it was made
);
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_seen ON sessions (seen_us);

CREATE TABLE recovery_codes (
	account_id TEXT COLLATE "binary" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	hash TEXT COLLATE "binary" NOT NULL,
	PRIMARY KEY (account_id, hash)
);

CREATE TABLE passkeys (
	id TEXT COLLATE "binary" PRIMARY KEY,
	credential TEXT COLLATE "binary" NOT NULL UNIQUE, -- credential id, base64url
	account_id TEXT COLLATE "binary" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	algorithm BIGINT NOT NULL, -- COSE
	public_key TEXT NOT NULL, -- COSE_Key, base64url
	sign_count BIGINT NOT NULL,
	created_us BIGINT NOT NULL,
	used_us BIGINT NOT NULL
);
CREATE INDEX passkeys_account ON passkeys (account_id);

CREATE TABLE api_tokens (
	id TEXT COLLATE "binary" PRIMARY KEY,
	token_hash TEXT COLLATE "binary" NOT NULL UNIQUE,
	account_id TEXT COLLATE "binary" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	scopes TEXT NOT NULL, -- words parted by spaces
	created_us BIGINT NOT NULL,
	used_us BIGINT NOT NULL,
	expires_us BIGINT NOT NULL -- 0: never
);
CREATE INDEX api_tokens_account ON api_tokens (account_id);

CREATE TABLE rooms (
	id TEXT COLLATE "binary" PRIMARY KEY, -- canonical, with hyphens
	owner_id TEXT COLLATE "binary" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
	name TEXT NOT NULL,
	knock BIGINT NOT NULL,
	guests BIGINT NOT NULL,
	locked BIGINT NOT NULL,
	password TEXT NOT NULL, -- argon2id; '' for none
	created_us BIGINT NOT NULL,
	used_us BIGINT NOT NULL
);
CREATE INDEX rooms_owner ON rooms (owner_id, created_us);

-- Mail that is to be sent. What a template shows is sealed, as it holds links with secrets.
CREATE TABLE mails (
	id TEXT COLLATE "binary" PRIMARY KEY,
	template TEXT NOT NULL, -- '' is one that is not to be sent: see account/mail_queue.c
	email TEXT NOT NULL,
	language TEXT NOT NULL,
	vars TEXT NOT NULL, -- sealed JSON object
	attempts BIGINT NOT NULL,
	due_us BIGINT NOT NULL,
	created_us BIGINT NOT NULL,
	error TEXT NOT NULL
);
CREATE INDEX mails_due ON mails (due_us);

CREATE TABLE audit (
	id BIGINT PRIMARY KEY, -- time, made unique
	actor_id TEXT COLLATE "binary" NOT NULL, -- '' is the command line, or nobody
	actor TEXT NOT NULL, -- as they were called then
	action TEXT NOT NULL,
	target TEXT COLLATE "binary" NOT NULL, -- an account's id, a room's, an address
	detail TEXT NOT NULL,
	address TEXT NOT NULL
);
-- For taking names out when somebody is deleted.
CREATE INDEX audit_actor ON audit (actor_id);
CREATE INDEX audit_target ON audit (target);

-- What admins have set at run time; above the configuration.
CREATE TABLE settings (
	name TEXT COLLATE "binary" PRIMARY KEY,
	value TEXT NOT NULL,
	changed_us BIGINT NOT NULL
);
