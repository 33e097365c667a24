-- How reference ids are kept: as they are, or sealed, as `seal_reference_ids` says. One row; none while nobody said.
CREATE TABLE reference_ids (
    number     INTEGER NOT NULL CHECK (number = 1),
    sealed     INTEGER CHECK (sealed IN (0, 1)), -- null: they are being changed
    changed_at INTEGER NOT NULL,                 -- our clock
    PRIMARY KEY (number)
) STRICT;
