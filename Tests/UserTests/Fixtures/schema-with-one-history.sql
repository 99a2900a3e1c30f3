-- The user service's schema as programs left it that kept one history for a schema: written by such a program for two people who
-- registered, each with an Idempotency-Key, and read out with
--   pg_dump --schema=user --inserts --no-owner --no-privileges --no-comments
-- Never edited: databases like it are out there.
CREATE SCHEMA "user";
CREATE TABLE "user".account (
    id text NOT NULL,
    email text,
    email_folded text,
    first_name text,
    last_name text,
    password_hash text,
    time_zone text,
    locale text,
    role text NOT NULL,
    plan text NOT NULL,
    plan_since timestamp with time zone,
    version bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    erased_at timestamp with time zone,
    CONSTRAINT account_is_whole_or_empty CHECK ((num_nulls(email, email_folded, first_name, last_name, password_hash, time_zone, locale) =
CASE
    WHEN (erased_at IS NULL) THEN 0
    ELSE 7
END)),
    CONSTRAINT account_role_check CHECK ((role = ANY (ARRAY['STUDENT'::text, 'INSTRUCTOR'::text, 'ADMIN'::text])))
);
CREATE TABLE "user".dead_letter_resolution (
    consumer_group text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    resolution text NOT NULL,
    batch_id text NOT NULL,
    resolved_at timestamp with time zone NOT NULL,
    CONSTRAINT dead_letter_resolution_resolution_check CHECK ((resolution = ANY (ARRAY['redriven'::text, 'discarded'::text])))
);
CREATE TABLE "user".first_admin (
    is_made boolean DEFAULT true NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT first_admin_is_made_check CHECK (is_made)
);
CREATE TABLE "user".idempotency_key (
    sender text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    claimed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    status integer,
    content_type text,
    location text,
    body bytea
);
CREATE TABLE "user".inbox (
    consumer_group text NOT NULL,
    event_id text NOT NULL,
    event_type text NOT NULL,
    handlers text NOT NULL,
    handled_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE "user".journal (
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    correlation_id text NOT NULL,
    event_id text,
    causation_id text
);
CREATE TABLE "user".migration (
    "position" integer NOT NULL,
    id text NOT NULL,
    checksum bytea NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
CREATE TABLE "user".outbox (
    id bigint NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    event_id text NOT NULL,
    headers bytea NOT NULL,
    value bytea NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='20000', autovacuum_analyze_scale_factor='0', autovacuum_analyze_threshold='100000');
CREATE TABLE "user".outbox_dead (
    id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    refused_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    reason text NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    event_id text NOT NULL,
    headers bytea NOT NULL,
    value bytea NOT NULL
);
ALTER TABLE "user".outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME "user".outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO "user".account VALUES ('usr_01m8hhzv70efjb7prvk5masx6y', 'ada@example.org', 'ada@example.org', 'Ada', 'Lovelace', '$argon2id$v=19$m=8,t=1,p=1$7ugr5NGjNUaUCVvlXS0TFw$HYFh4Lj/UKp5e9l68ZFaXWhpPLHVgwu2vjlSFNIeR2s', 'UTC', 'en', 'STUDENT', 'FREE', NULL, 1, '2026-11-28 17:07:04.544+00', '2026-11-28 17:07:04.544+00', NULL);
INSERT INTO "user".account VALUES ('usr_01m8hhzv7yef9r09s6f94vceqe', 'bob@example.org', 'bob@example.org', 'Bob', 'Lovelace', '$argon2id$v=19$m=8,t=1,p=1$C26mhFGHFcVA5CNQzwYvEQ$H9qISw4QQgNBOo/AGdSlqOUoKDhFaJ4QPOFRuHqCwRA', 'UTC', 'en', 'STUDENT', 'FREE', NULL, 1, '2026-11-28 17:07:04.574+00', '2026-11-28 17:07:04.574+00', NULL);
INSERT INTO "user".idempotency_key VALUES ('address:127.0.0.1', 'key-of-ada', '\xfb06aa5c3a1d3e6b37387a5b62d9402623f49440f7c3cb035fe8839ffaf6bcc7', '2026-11-28 17:07:04.519834+00', 201, 'application/json', '/users/usr_01m8hhzv70efjb7prvk5masx6y', '\x7b22637265617465644174223a22323032362d31312d32385431373a30373a30342e3534345a222c22656d61696c223a22616461406578616d706c652e6f7267222c2266697273744e616d65223a22416461222c226964223a227573725f30316d3868687a76373065666a62377072766b356d6173783679222c226c6173744e616d65223a224c6f76656c616365222c226c6f63616c65223a22656e222c22706c616e223a2246524545222c22726f6c65223a2253545544454e54222c2274696d655a6f6e65223a22555443222c22757064617465644174223a22323032362d31312d32385431373a30373a30342e3534345a227d');
INSERT INTO "user".idempotency_key VALUES ('address:127.0.0.1', 'key-of-bob', '\xec6d71b2c575e04bf56d849a0dbbe4084855573713cae7db052d9578da422d9d', '2026-11-28 17:07:04.572898+00', 201, 'application/json', '/users/usr_01m8hhzv7yef9r09s6f94vceqe', '\x7b22637265617465644174223a22323032362d31312d32385431373a30373a30342e3537345a222c22656d61696c223a22626f62406578616d706c652e6f7267222c2266697273744e616d65223a22426f62222c226964223a227573725f30316d3868687a76377965663972303973366639347663657165222c226c6173744e616d65223a224c6f76656c616365222c226c6f63616c65223a22656e222c22706c616e223a2246524545222c22726f6c65223a2253545544454e54222c2274696d655a6f6e65223a22555443222c22757064617465644174223a22323032362d31312d32385431373a30373a30342e3537345a227d');
INSERT INTO "user".journal VALUES ('2026-11-28 17:07:04.546+00', 'http', 'POST /auth/register', 'req_01a2231fecc276c1af917145ff41ef1a', NULL, NULL);
INSERT INTO "user".journal VALUES ('2026-11-28 17:07:04.575+00', 'http', 'POST /auth/register', 'req_01a2231fecfb73d0aecb0b5058c16af2', NULL, NULL);
INSERT INTO "user".migration VALUES (1, 'messaging-001-outbox', '\x534f7b582679936e9b256d730423c4ad2bc807686acbb2d2cdaa7fd772863218', '2026-11-28 17:07:02.758137+00');
INSERT INTO "user".migration VALUES (2, 'messaging-002-inbox', '\xd88d47ecd8113f0de0d5b7f508bec493102daf0ca7d6b9e4b84553f716971c09', '2026-11-28 17:07:02.758137+00');
INSERT INTO "user".migration VALUES (3, 'messaging-003-dead-letters', '\x3ac78d5978551e7039924f7335fa9da396b9ec6adac2d30b5de3f0b80703441d', '2026-11-28 17:07:02.758137+00');
INSERT INTO "user".migration VALUES (4, 'messaging-004-journal', '\x52c7a7c9a0404895e2fadd9902314be24ae2d31bbad224f8f2435fdef2a80873', '2026-11-28 17:07:02.758137+00');
INSERT INTO "user".migration VALUES (5, 'platform-001-idempotency', '\xb05939bbc42939f7e4d6e80e5c9490e96384c229ef82872fbc96ce1364e1e87a', '2026-11-28 17:07:02.758137+00');
INSERT INTO "user".migration VALUES (6, 'user-001-account', '\xe35f7c8f45ef5b1331aaa2799b449d155180fc03b9cc8e2dab6acafb1ddb85ef', '2026-11-28 17:07:02.758137+00');
INSERT INTO "user".migration VALUES (7, 'user-002-first-admin', '\xc4c1c2e7095d245e04d6b9058623ef859932e8deb23009d0f369d3866a90d1b8', '2026-11-28 17:07:02.758137+00');
INSERT INTO "user".migration VALUES (8, 'user-003-erase-kept-answers', '\x542c0ea3314d5db2175ff3ed28dabbd2561198f688cf4b5c067e11da6715ab57', '2026-11-28 17:07:02.758137+00');
SELECT pg_catalog.setval('"user".outbox_id_seq', 2, true);
ALTER TABLE ONLY "user".account
    ADD CONSTRAINT account_email_taken UNIQUE (email_folded);
ALTER TABLE ONLY "user".account
    ADD CONSTRAINT account_pkey PRIMARY KEY (id);
ALTER TABLE ONLY "user".dead_letter_resolution
    ADD CONSTRAINT dead_letter_resolution_pkey PRIMARY KEY (consumer_group, partition, "offset");
ALTER TABLE ONLY "user".first_admin
    ADD CONSTRAINT first_admin_pkey PRIMARY KEY (is_made);
ALTER TABLE ONLY "user".idempotency_key
    ADD CONSTRAINT idempotency_key_pkey PRIMARY KEY (sender, key);
ALTER TABLE ONLY "user".inbox
    ADD CONSTRAINT inbox_pkey PRIMARY KEY (consumer_group, event_id);
ALTER TABLE ONLY "user".migration
    ADD CONSTRAINT migration_id_key UNIQUE (id);
ALTER TABLE ONLY "user".migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY "user".outbox_dead
    ADD CONSTRAINT outbox_dead_pkey PRIMARY KEY (id);
ALTER TABLE ONLY "user".outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
CREATE INDEX account_administrators ON "user".account USING btree (id) WHERE ((role = 'ADMIN'::text) AND (erased_at IS NULL));
CREATE INDEX idempotency_key_claimed_at ON "user".idempotency_key USING btree (claimed_at);
CREATE INDEX idempotency_key_location ON "user".idempotency_key USING btree (location) WHERE (location IS NOT NULL);
CREATE INDEX inbox_expires_at ON "user".inbox USING brin (expires_at);
CREATE INDEX journal_at ON "user".journal USING brin (at);
CREATE INDEX journal_correlation ON "user".journal USING btree (correlation_id);
