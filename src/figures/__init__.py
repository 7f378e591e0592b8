"""Drawings: each makes one kind of figure from tables, and serves any number of figures.

To add one, write a module here, ``src/figures/{drawing}.py``, with

``TABLES``
    The tables that it reads: tidy ones, such as ``information``, or a study's tables of text, such
    as ``audit``. ``snakemake.input`` has a list of files for each: a file a run and measurement, or
    the one table of text. ``snakemake.input.data`` lists the task of each run, in their order.
``NEEDS``, ``TAKES``
    The keys that a figure's entry must and may have besides ``paper``, ``number``, ``shows``,
    ``expects`` and ``drawing``. ``snakemake.params`` has the entry.
``HOW_TO_READ``
    What the caption says of axes, units and marks: reStructuredText without braces.
``main(snakemake)``
    Reads, draws and writes, out of pure functions.

The first four are literals: the workflow reads them without importing what draws. Drawings share
`figures.reading` and `figures.style`, and import nothing from each other. A key that is new goes
into ``workflow/schemas/config.schema.yaml``; a figure of the drawing is an entry of
``config/figures.yaml``; ``tests/stages/test_plot_figures.py`` draws every figure that is there.
"""
