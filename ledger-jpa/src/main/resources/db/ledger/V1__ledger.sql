-- The ledger. Names are numbers of ledger_name, 0 where there is none; times are microseconds since
-- 1970; what is optional and rare is null. Order of text is that of its bytes.

-- The one row that every commit locks, and changes last.
CREATE TABLE ledger_head (
  id               smallint PRIMARY KEY CHECK (id = 1),
  format           int      NOT NULL,
  min_writer       int      NOT NULL,
  revision         bigint   NOT NULL,
  last_position    bigint   NOT NULL,
  last_recorded_at bigint   NOT NULL,
  last_ordinal     bigint   NOT NULL,
  views_revision   bigint   NOT NULL,
  last_name        int      NOT NULL,
  currency         text     NOT NULL,
  key0             bigint   NOT NULL,
  key1             bigint   NOT NULL
) WITH (fillfactor = 10);

-- The newest commit of each process, by which it finds out what became of one whose answer was lost.
CREATE TABLE ledger_writer (
  node        uuid   PRIMARY KEY,
  token       uuid   NOT NULL,
  recorded_at bigint NOT NULL
) WITH (fillfactor = 20);

-- The dictionary. A row is never changed.
CREATE TABLE ledger_name (
  code int  PRIMARY KEY,
  name text COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE ledger_tenant (
  name             text    COLLATE "C" PRIMARY KEY,
  code             int     NOT NULL,
  revision         bigint  NOT NULL,
  last_sequence    bigint  NOT NULL,
  agents           bigint  NOT NULL,
  services         bigint  NOT NULL,
  pairs            bigint  NOT NULL,
  pairs_above_zero bigint  NOT NULL,
  lifetime_units   bigint  NOT NULL,
  settlements      bigint  NOT NULL,
  settled_amount   numeric(39) NOT NULL
) WITH (fillfactor = 50);

-- Entries and, for each order in which they can be walked, an index.
CREATE TABLE ledger_entry (
  tenant        int      NOT NULL,
  sequence      bigint   NOT NULL,
  position      bigint   NOT NULL,
  kind          smallint NOT NULL,
  recorded_at   bigint   NOT NULL,
  time          bigint   NOT NULL,
  organization  int      NOT NULL,
  agent         int      NOT NULL,
  service       int      NOT NULL,
  type          int      NOT NULL,
  window_name   int      NOT NULL,
  source        int      NOT NULL,
  units         bigint   NOT NULL,
  cost          bigint   NOT NULL,
  billable      boolean  NOT NULL,
  id            text     COLLATE "C",
  attributes    text     COLLATE "C",
  value         bigint,
  reverses      bigint,
  settled_by    bigint,
  price         bigint,
  billed        numeric(39),
  from_sequence bigint,
  to_sequence   bigint,
  bulk          boolean,
  PRIMARY KEY (tenant, sequence)
);
CREATE INDEX ledger_entry_agent ON ledger_entry (tenant, agent, sequence) WHERE agent <> 0;
CREATE INDEX ledger_entry_agent_type ON ledger_entry (tenant, agent, type, sequence) WHERE agent <> 0;
CREATE INDEX ledger_entry_organization ON ledger_entry (tenant, organization, sequence);
CREATE INDEX ledger_entry_service ON ledger_entry (tenant, service, sequence) WHERE service <> 0;
CREATE INDEX ledger_entry_type ON ledger_entry (tenant, type, sequence) WHERE type <> 0;
CREATE INDEX ledger_entry_time ON ledger_entry (tenant, time, sequence);
CREATE INDEX ledger_entry_settlement ON ledger_entry (tenant, agent, service, sequence) WHERE kind = 3;

-- What was recorded under an identity; outlives the entry.
CREATE TABLE ledger_identity (
  high        bigint NOT NULL,
  low         bigint NOT NULL,
  sequence    bigint NOT NULL,
  fingerprint bigint NOT NULL,
  PRIMARY KEY (high, low)
);

-- The cells of all views. k1 to k6 are the names in the dimensions of the view, in its order. Updates
-- change no indexed column, so that they stay within their page. The lists go by view_tenant, so that a
-- cell looked up by its key has no other index than the primary key's, whatever the database last knew
-- of the table.
CREATE TABLE ledger_cell (
  view        int      NOT NULL,
  tenant      int      NOT NULL,
  k1          int      NOT NULL,
  k2          int      NOT NULL,
  k3          int      NOT NULL,
  k4          int      NOT NULL,
  k5          int      NOT NULL,
  k6          int      NOT NULL,
  start       bigint   NOT NULL,
  dimensions  smallint NOT NULL,
  c0          bigint   NOT NULL,
  c1          bigint   NOT NULL,
  c2          bigint   NOT NULL,
  first       bigint   NOT NULL,
  c4          bigint,
  c5          bigint,
  c6          bigint,
  c7          bigint,
  view_tenant bigint   NOT NULL GENERATED ALWAYS AS (view * 4294967296 + tenant) STORED,
  PRIMARY KEY (view, tenant, k1, k2, k3, k4, k5, k6, start)
) WITH (fillfactor = 60);
CREATE INDEX ledger_cell_first ON ledger_cell (view_tenant, first);
CREATE INDEX ledger_cell_start ON ledger_cell (view_tenant, start) WHERE start >= 0;
CREATE INDEX ledger_cell_k1 ON ledger_cell (view_tenant, k1, first) WHERE dimensions > 1;
CREATE INDEX ledger_cell_k2 ON ledger_cell (view_tenant, k2, first) WHERE dimensions > 1;
CREATE INDEX ledger_cell_k3 ON ledger_cell (view_tenant, k3, first) WHERE dimensions > 2;
CREATE INDEX ledger_cell_k4 ON ledger_cell (view_tenant, k4, first) WHERE dimensions > 3;
CREATE INDEX ledger_cell_k5 ON ledger_cell (view_tenant, k5, first) WHERE dimensions > 4;
CREATE INDEX ledger_cell_k6 ON ledger_cell (view_tenant, k6, first) WHERE dimensions > 5;

-- How many cells each view has.
CREATE TABLE ledger_view_size (
  view  int    PRIMARY KEY,
  cells bigint NOT NULL
) WITH (fillfactor = 50);

-- The agents of a service by outstanding amount; with the name, so that ties are in its order.
CREATE TABLE ledger_pair_order (
  tenant      int    NOT NULL,
  service     int    NOT NULL,
  agent       int    NOT NULL,
  outstanding bigint NOT NULL,
  agent_name  text   COLLATE "C" NOT NULL,
  PRIMARY KEY (tenant, service, agent)
) WITH (fillfactor = 70);
CREATE INDEX ledger_pair_order_top ON ledger_pair_order
  (tenant, service, outstanding DESC, agent_name) WHERE outstanding > 0;

-- Services, views, and whatever else changes together with entries.
CREATE TABLE ledger_document (
  tenant   text   COLLATE "C" NOT NULL,
  kind     text   COLLATE "C" NOT NULL,
  name     text   COLLATE "C" NOT NULL,
  revision bigint NOT NULL,
  ordinal  bigint NOT NULL,
  fields   text   NOT NULL,
  PRIMARY KEY (tenant, kind, name)
);
-- Partial, so that a document looked up by its name goes by the primary key.
CREATE UNIQUE INDEX ledger_document_ordinal ON ledger_document (tenant, kind, ordinal)
  WHERE ordinal > 0;

-- What was answered under idempotency keys.
CREATE TABLE ledger_idempotency (
  tenant      text   COLLATE "C" NOT NULL,
  key         text   COLLATE "C" NOT NULL,
  fingerprint text   NOT NULL,
  recorded_at bigint NOT NULL,
  outcomes    bytea  NOT NULL,
  PRIMARY KEY (tenant, key)
);
