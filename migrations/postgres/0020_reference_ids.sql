-- How reference ids are kept: as they are, or sealed, as `seal_reference_ids` says. One row; none while nobody said.
CREATE TABLE reference_ids (
    number     INTEGER NOT NULL CHECK (number = 1),
    sealed     BOOLEAN,                          -- null: they are being changed
    changed_at TIMESTAMPTZ NOT NULL,             -- our clock
    PRIMARY KEY (number)
);
