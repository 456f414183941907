"""What the library and the application refuse with, as a page says it. A test finds every refusal in the sources and compares.

By the sentence as it is written in the sources, what is filled in named; beside it what the page says, for options of a command line are
nothing to do on a page. An empty text is left away.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as _

REFUSALS = {
    "'%(load)s' is no load id.": _("'%(load)s' is no load id."),
    "--map '%(column)s=%(field)s' says '%(hint)s', which is unknown.": _(
        "The column “%(column)s” is said to be written as “%(hint)s”, which is unknown."
    ),
    "--map gives %(field)s two columns: '%(column)s' and '%(other)s'.": _(
        "Two columns have the meaning %(field)s: “%(column)s” and “%(other)s”."
    ),
    "--map names the column '%(column)s', which the file does not have.": _("The file has no column “%(column)s”."),
    "--map names the column '%(column)s', which the file has more than once.": _("The file has the column “%(column)s” more than once."),
    "--map names the field '%(field)s', which does not exist.": _("There is no meaning “%(field)s”."),
    "1 to 400 days": _("1 to 400 days"),
    "Add a first row that names the columns, for example customer_id,date,amount.": _(
        "Add a first row that names the columns, for example customer_id,date,amount."
    ),
    "Allow it more with the environment variable REGULARS_MEMORY, such as REGULARS_MEMORY=4GB.": _(
        "Allow it more with the environment variable REGULARS_MEMORY, such as REGULARS_MEMORY=4GB."
    ),
    "Ask is_loaded() before staging rows a second time.": "",
    "CSV or text (also gzipped), Excel or Parquet": _("CSV or text (also gzipped), Excel or Parquet"),
    "Change it and try again.": _("Change it and try again."),
    "Check its permissions.": "",
    "Check the path and its spelling.": _("Upload it once more."),
    "Check the spelling against the file's first row.": _("Compare with the first row of the file."),
    "Check the spelling.": _("Check the spelling."),
    "Choose the id of a load that is in force.": _("Load the page again."),
    "Close or remove the lone quotation mark, and import again.": _("Close or remove the lone quotation mark, and upload the file again."),
    "Copy or export it again, and import that.": _("Export it again, and upload that."),
    "Did you mean '%(name)s'?": _("Did you mean '%(name)s'?"),
    "DuckDB ran out of the memory it may take: %(fault)s": _("There was not enough memory: %(fault)s"),
    "DuckDB refused a query: %(fault)s": _("The database engine refused a query: %(fault)s"),
    "Export it again, in parts if need be.": _("Export it again, in parts if need be."),
    "Export it again.": _("Export it again."),
    "Export it as CSV.": _("Export it as CSV."),
    "Files of the workspace were removed while they were read: somebody was erased, or the tables were compacted.": _(
        "Files of the workspace were removed while they were read: somebody was erased, or the tables were compacted."
    ),
    "For example --map '%(column)s=%(field)s:day_first'.": "",
    "Free some space and run the same command again.": _("Free some space and try again."),
    "Free some space, then run the same command again; nothing was changed.": _("Free some space and try again; nothing was changed."),
    "Give a name.": _("Give a name."),
    "Give another value for %(name)s.": _("Give another value for %(name)s."),
    "Give another value.": _("Give another value."),
    "Give the folder with --workspace, or create one with `regulars init`.": _("Ask who runs the server."),
    "It is an archive, and no workbook.": _("It is an archive, and no workbook."),
    "It is no file of a kind that is read.": _("It is no file of a kind that is read."),
    "It is no readable Parquet file.": _("It is no readable Parquet file."),
    "It is no readable workbook.": _("It is no readable workbook."),
    "It is packed twice.": _("It is packed twice."),
    "It would unpack to far more than its size.": _("It would unpack to far more than its size."),
    "Leave it out: files are recognised by their header.": _("Leave it open: files are recognised by their header."),
    "Leave one of them out.": _("Leave one of them out."),
    "Leave the column out with --map '%(column)s=ignore', or export it as plain values.": _(
        "Leave the column out, or export it as plain values."
    ),
    "Look at the page Data.": _("Look at the page Data."),
    "Look for the very long cell, shorten it, and import again.": _("Look for the very long cell, shorten it, and upload the file again."),
    "Mend the plan, or let one be learned from data.": _("Mend the plan, or let one be learned from data."),
    "Message ids are remembered for %(days)s days.": _("Message ids are remembered for %(days)s days."),
    "Name the files in it, for example with *.csv.": "",
    "Name the files to import.": "",
    "No file was named.": _("No file was named."),
    "Reading Excel needs the package python-calamine.": _("Reading Excel needs the package python-calamine."),
    "Recognised as %(format)s, but %(count)s columns could be the %(field)s: %(columns)s.": _(
        "Recognised as %(format)s, but %(count)s columns could be the %(field)s: %(columns)s."
    ),
    "Restore the file from a backup.": _("Restore the file from a backup."),
    "Restore the folder from a backup, or import the original files into a new workspace.": _(
        "Restore the folder from a backup, or import the original files into a new workspace."
    ),
    "Rewrite the table without that feature, or import the original files into a new workspace.": _(
        "Rewrite the table without that feature, or import the original files into a new workspace."
    ),
    "Rows for '%(table)s' bring a load_id.": _("Rows for '%(table)s' bring a load_id."),
    "Rows for quarantine have the columns %(columns)s.": _("Rows for quarantine have the columns %(columns)s."),
    "Rows of the load '%(load)s' were replaced by %(count)s later load(s): %(later)s.": _(
        "Rows of this import were replaced by later ones (%(count)s): %(later)s."
    ),
    "Run the same command again.": _("Try it again."),
    "Run the same command again; nothing of the file was imported.": _("Try it again; nothing of the file was imported."),
    "Say it: --currency EUR (or another ISO 4217 code).": _("Give the currency below, such as EUR."),
    "Say it: --map '%(column)s=%(field)s:day_first' or --map '%(again)s=%(same)s:month_first'.": _(
        "Choose below how the column is written."
    ),
    "Say it: --map '%(column)s=%(field)s:decimal_comma' or --map '%(again)s=%(same)s:decimal_point'.": _(
        "Choose below how the column is written."
    ),
    "Say what the columns mean, for example --map 'COLUMN=%(field)s'; known formats: %(formats)s.": _(
        "Choose the kind of file below and say what the columns mean."
    ),
    "Say which: --map '%(column)s=%(field)s'.": _("Choose below which one it is, and leave the others out."),
    "Say which: --map '%(column)s=%(field)s'; or rename one of them.": _(
        "Rename one of them in the file, or choose below which one it is."
    ),
    "See: regulars loads": "",
    "Somebody was erased while %(file)s was being read.": _("Somebody was erased while the file was being read."),
    "The Parquet file holds too much.": _("The Parquet file holds too much."),
    "The columns fit no format that is known: %(columns)s.": _("The columns fit no format that is known: %(columns)s."),
    "The disk is full.": _("The disk is full."),
    "The disk that holds %(folder)s is full.": _("The disk of the server is full."),
    "The file could not be looked into.": _("The file could not be looked into."),
    "The file is gone: it was imported, thrown away, or lay for a day.": _(
        "The file is gone: it was imported, thrown away, or lay for a day."
    ),
    "The file was deleted while it arrived: somebody was erased, and it could not be looked into yet.": _(
        "The file was deleted while it arrived: somebody was erased, and it could not be looked into yet."
    ),
    "The first row is no header: it is blank.": _("The first row is blank, so it is no header."),
    "The first row is no header: %(columns)s.": _("The first row is no header: %(columns)s."),
    "The gzipped file is damaged.": _("The gzipped file is damaged."),
    "The kind is '%(kind)s'.": _("The kind is '%(kind)s'."),
    "The load '%(load)s' is in the tables already.": _("The load '%(load)s' is in the tables already."),
    "The name is empty or too long.": _("The name is empty or too long."),
    "The origin is '%(origin)s'.": _("The origin is '%(origin)s'."),
    "The page on importing lists every field with its meaning.": "",
    "The setting name is missing.": _("The setting name is missing."),
    "The setting %(name)s was given as %(value)s.": _("For %(name)s, %(value)s was given."),
    "The slug '%(slug)s' is taken.": _("The short name “%(slug)s” is taken."),
    "The slug is '%(slug)s'.": _("The short name is “%(slug)s”."),
    "The stored table '%(table)s' cannot be opened: %(fault)s.": _("The stored table '%(table)s' cannot be opened: %(fault)s."),
    "The stored table '%(table)s' uses column mapping, which a reader of its files would misread.": _(
        "The stored table '%(table)s' uses column mapping, which a reader of its files would misread."
    ),
    "The stored table '%(table)s' uses %(features)s, which a reader of its files would misread.": _(
        "The stored table '%(table)s' uses %(features)s, which a reader of its files would misread."
    ),
    "The table '%(table)s' was changed meanwhile: %(count)s of the files to be replaced are gone.": _(
        "The table '%(table)s' was changed meanwhile: %(count)s of the files to be replaced are gone."
    ),
    "The tracking plan cannot be used: %(what)s.": _("The tracking plan cannot be used: %(what)s."),
    "The workbook is too large to be read into memory.": _("The workbook is too large to be read into memory."),
    "The workbook would unpack to too much.": _("The workbook would unpack to too much."),
    "There is no file %(path)s.": _("The file is not there any more."),
    "There is no format '%(name)s'.": _("There is no format '%(name)s'."),
    "There is no load '%(load)s' to undo.": _("There is no such import to undo."),
    "There is no load '%(load)s' to undo: it has been undone already.": _("This import has been undone already."),
    "There is no load '%(load)s'.": _("There is no such import."),
    "There is no setting called '%(name)s'.": _("There is no setting called '%(name)s'."),
    "There is no source '%(slug)s'.": _("There is no source '%(slug)s'."),
    "There is no such upload.": _("There is no such upload."),
    "There is no table called '%(table)s'.": _("There is no table called '%(table)s'."),
    "There is no workspace in %(folder)s.": _("The data folder of the server holds no workspace."),
    "This is a fault of ours; please report it with the query.": _("This is a fault of ours; please report it."),
    "Undo the later load(s) first, the newest first; import their files again afterwards if you still want them.": _(
        "Undo the later ones first, the newest first; import their files again afterwards if you still want them."
    ),
    "Upload it once more.": _("Upload it once more."),
    "Upload the file once more.": _("Upload the file once more."),
    "Use the version of Regulars that made this workspace, or import the files into a new one.": _(
        "Use the version of Regulars that made this workspace, or import the files into a new one."
    ),
    "Wait until it is done, then run the same command again.": _("Wait until it is done, then try again."),
    "Webhooks without a signing secret could come from anybody.": _("Webhooks without a signing secret could come from anybody."),
    "What is kept of addresses is '%(kept)s'.": _("What is kept of addresses is '%(kept)s'."),
    "a Delta table as Regulars writes them": _("a Delta table as Regulars writes them"),
    "a Delta table without deletion vectors, column mapping or other features that change how its files are read": _(
        "a Delta table without deletion vectors, column mapping or other features that change how its files are read"
    ),
    "a column in which at least one number settles it": _("a column in which at least one number settles it"),
    "a column with the currency, or a currency for the whole file; it is never guessed": _(
        "a column with the currency, or a currency for the whole file; it is never guessed"
    ),
    "a field of %(format)s: %(fields)s; or ignore": _("one of the meanings that %(format)s can have"),
    "a file": _("a file"),
    "a file that can be read to its end": _("a file that can be read to its end"),
    "a file that can be read with little memory": _("a file that can be read with little memory"),
    "a file that can be unpacked": _("a file that can be unpacked"),
    "a file that exists": _("a file that exists"),
    "a folder that `regulars init` or `regulars import` has made": _("a folder that `regulars init` or `regulars import` has made"),
    "a header and at least one row": _("a header and at least one row"),
    "a load whose rows no later load has replaced": _("an import whose rows no later one has replaced"),
    "a load, but there is none": "",
    "a name of at most 120 characters": _("a name of at most 120 characters"),
    "a quotation mark near row %(row)s is opened and never closed; everything after it would be one cell.": _(
        "a quotation mark near row %(row)s is opened and never closed; everything after it would be one cell."
    ),
    "a readable file": _("a readable file"),
    "a slug that no source has": _("a short name that no source has"),
    "a text file, plain or gzipped": _("a text file, plain or gzipped"),
    "a whole Parquet file": _("a whole Parquet file"),
    "a workspace that nobody else is changing": _("that nobody else is changing the tables"),
    "an Excel or OpenDocument workbook": _("an Excel or OpenDocument workbook"),
    "an id that `new_load_id` has given": "",
    "an object with events (JSON Schema by event name), identify, group, unknown_events and on_violation, all optional": _(
        "an object with events (JSON Schema by event name), identify, group, unknown_events and on_violation, all optional"
    ),
    "an origin such as https://shop.example": _("an origin such as https://shop.example"),
    "at most %(most)s MB": _("at most %(most)s MB"),
    "at most %(most)s MB unpacked": _("at most %(most)s MB unpacked"),
    "at most %(most)s rows": _("at most %(most)s rows"),
    "at most %(most)s times its size": _("at most %(most)s times its size"),
    "dates like 2025-10-07, or at least one day after the 12th that settles it": _(
        "dates like 2025-10-07, or at least one day after the 12th that settles it"
    ),
    "events is no object of schemas by event name": _("events is no object of schemas by event name"),
    "for the nearest, %(format)s, there is no column for %(fields)s": _("for the nearest, %(format)s, also a column for %(fields)s"),
    "format %(version)s": _("format %(version)s"),
    "it cannot be read as rows of cells (%(fault)s).": _("it cannot be read as rows of cells (%(fault)s)."),
    "it cannot be read to its end (%(fault)s).": _("it cannot be read to its end (%(fault)s)."),
    "it is no complete Parquet file (%(fault)s).": _("it is no complete Parquet file (%(fault)s)."),
    "it is no readable Excel workbook (%(fault)s).": _("it is no readable Excel workbook (%(fault)s)."),
    "its header cannot be read (%(fault)s).": _("its header cannot be read (%(fault)s)."),
    "names of columns in the first row": _("names of columns in the first row"),
    "nothing, or one of %(names)s": _("nothing, or one of %(names)s"),
    "one column for each field": _("one column for each meaning"),
    "one column for %(field)s (%(meaning)s)": _("one column for %(field)s (%(meaning)s)"),
    "one of its columns: %(names)s": _("one of its columns: %(names)s"),
    "one of %(names)s": _("one of %(names)s"),
    "one or more files": _("one or more files"),
    "pip install python-calamine": _("Ask who runs the server to install it."),
    "room for what was to be written": _("room for what was to be written"),
    "small letters, digits and hyphens, at most 60": _("small letters, digits and hyphens, at most 60"),
    "text, numbers, dates or yes/no in the columns that are imported": _("text, numbers, dates or yes/no in the columns that are imported"),
    "that nobody writes to a workspace while its rows are rewritten": _("that nobody writes to a workspace while its rows are rewritten"),
    "the columns %(names)s": _("the columns %(names)s"),
    "the file itself, or gzipped": _("the file itself, or gzipped"),
    "the gzip archive breaks off or is damaged (%(fault)s).": _("the gzip archive breaks off or is damaged (%(fault)s)."),
    "the id of a committed load": "",
    "the id of a load that is not": "",
    "the name of the business": _("the name of the business"),
    "the plan has unknown parts: %(names)s": _("the plan has unknown parts: %(names)s"),
    "the plan is no JSON object": _("the plan is no JSON object"),
    "the plan is not JSON": _("the plan is not JSON"),
    "the plan is %(size)s bytes long; %(most)s are the most": _("the plan is %(size)s bytes long; %(most)s are the most"),
    "the same people from the first row to the last": _("the same people from the first row to the last"),
    "the secret that the sender signs with": _("the secret that the sender signs with"),
    "the settings of a workspace as JSON": _("the settings of a workspace as JSON"),
    "the slug of a source": _("a source of the list"),
    "the table's columns without load_id: the load fills it in": _("the table's columns without load_id: the load fills it in"),
    "%(path)s cannot be read: %(fault)s.": _("The file cannot be read: %(fault)s."),
    "%(file)s holds money in '%(column)s', and nothing says in which currency.": _(
        "The column “%(column)s” holds money, and nothing says in which currency."
    ),
    "%(file)s holds no rows.": _("The file holds no rows."),
    "%(path)s is a folder, not a file.": _("It is a folder, not a file."),
    "%(who)s is changing this workspace; %(what)s cannot begin.": _("Something else is changing the tables just now; this cannot begin."),
    "%(path)s is damaged: %(fault)s.": _("The settings of the workspace are damaged: %(fault)s."),
    "%(key)s is none of %(names)s": _("%(key)s is none of %(names)s"),
    "%(path)s is of format %(version)s.": _("The workspace is of the format %(version)s."),
    "%(file)s: the column '%(column)s' holds %(kind)s, not single values.": _("The column “%(column)s” holds %(kind)s, not single values."),
    "%(file)s: the dates in '%(column)s' do not say whether the day or the month stands first.": _(
        "The dates in “%(column)s” do not say whether the day or the month stands first."
    ),
    "%(file)s: the numbers in '%(column)s' look like 1,234, which is 1234 or 1.234.": _(
        "The numbers in “%(column)s” look like 1,234, which is 1234 or 1.234."
    ),
    "the event '%(event)s': the schema is no object": _("the event '%(event)s': the schema is no object"),
    "the event '%(event)s': x-on-violation is neither mark nor quarantine": _(
        "the event '%(event)s': x-on-violation is neither mark nor quarantine"
    ),
    "the event '%(event)s': %(fault)s": _("the event '%(event)s': %(fault)s"),
    "%(where)s: the schema is no object": _("%(where)s: the schema is no object"),
    "%(where)s: x-on-violation is neither mark nor quarantine": _("%(where)s: x-on-violation is neither mark nor quarantine"),
    "There was not enough memory.": _("There was not enough memory."),
    "Its process died %(count)s times.": _("Its process died %(count)s times."),
    "See the worker's log.": _("The log of the server says more."),
    "%(where)s: %(what)s": _("%(where)s: %(what)s"),
}
