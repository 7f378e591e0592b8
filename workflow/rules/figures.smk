"""
Draw the figures, from tables only: a changed colour estimates nothing again.

REQUIRED INPUTS
    <results>/tables/{table}/{run}/{measurement}.parquet    from measurements.smk
    <results>/tables/robustness.tsv, transitions.tsv        from comparisons.smk
    <results>/tables/audit.tsv                              from audit.smk
    <results>/tables/models/{model}.parquet                 from models.smk
    <results>/data/{task}.npz                               from data.smk
OUTPUTS
    <results>/figures/{figure}.svg, .png
    <results>/figures/small/{figure}.png                    of few pixels and colours, for the report
"""

for figure, entry in config["figures"].items():

    # Given where they are shown: when claims change, no other figure is drawn anew.
    units = {"units": UNITS} if entry["drawing"] == "scorecard" else {}

    rule:
        """Draw a figure as its entry in config/figures.yaml says; a rule for each."""
        name:
            f"plot_{figure}"
        input:
            **STUDY.tables_of_figure(figure),
            code=code_of(f"figures/{entry['drawing']}.py"),
        output:
            svg=f"<results>/figures/{figure}.svg",
            png=f"<results>/figures/{figure}.png",
            small=report(
                f"<results>/figures/small/{figure}.png",
                caption="../report/figure.rst",
                category=config["papers"][entry["paper"]]["name"],
                labels={"figure": entry["number"], "shows": entry["shows"]},
            ),
        log:
            f"<results>/logs/plot_{figure}.log",
        benchmark:
            f"<results>/benchmarks/plot_{figure}.tsv"
        conda:
            "../../environment.yml"
        resources:
            mem_mb=each_attempt(2000),
            runtime=each_attempt(10),
        params:
            **entry,
            **units,
            made_from=made_from,
            paper_name=config["papers"][entry["paper"]]["name"],
            methods=captions.methods_of_figure(STUDY, figure),
            how_to_read=drawings.how_to_read(entry["drawing"], CONFIDENCE),
            statistics=config["statistics"],
        script:
            # Filled in when the job runs: by then the loop has long ended.
            "../../src/figures/{params.drawing}.py"
