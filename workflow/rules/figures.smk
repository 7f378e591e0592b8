"""
Draw the figures, from tables only: a changed colour estimates nothing again.

REQUIRED INPUTS
    <results>/tables/information.parquet         from information.smk
    <results>/tables/dependence.parquet          from information.smk
    <results>/tables/gradients.parquet           from gradients.smk
    <results>/tables/metrics.parquet             from training.smk
    <results>/tables/robustness.tsv              from comparisons.smk
    <results>/tables/audit.tsv                   from audit.smk
OUTPUTS
    <results>/figures/{figure}.svg, .png
"""


rule plot_szt_2:
    """Draw SZT figure 2: every network's layers in the information plane at three epochs."""
    input:
        information="<results>/tables/information.parquet",
        library=shared("figures", "planes"),
    output:
        svg=report(
            "<results>/figures/szt_2.svg",
            caption="../report/plot_szt_2.rst",
            category="Shwartz-Ziv & Tishby (2017)",
            labels={"figure": "2", "shows": "networks at three epochs"},
        ),
        png="<results>/figures/szt_2.png",
    log:
        "<results>/logs/plot_szt_2.log",
    benchmark:
        "<results>/benchmarks/plot_szt_2.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **config["figures"]["szt_2"],
    script:
        "../../src/plot_szt_2.py"


rule plot_szt_3:
    """Draw SZT figure 3: the averaged path through the plane at three sizes of the training set."""
    input:
        information="<results>/tables/information.parquet",
        library=shared("figures", "planes"),
    output:
        svg=report(
            "<results>/figures/szt_3.svg",
            caption="../report/plot_szt_3.rst",
            category="Shwartz-Ziv & Tishby (2017)",
            labels={"figure": "3", "shows": "training set's size"},
        ),
        png="<results>/figures/szt_3.png",
    log:
        "<results>/logs/plot_szt_3.log",
    benchmark:
        "<results>/benchmarks/plot_szt_3.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **config["figures"]["szt_3"],
    script:
        "../../src/plot_szt_3.py"


rule plot_szt_4:
    """Draw SZT figure 4: mean and deviation of the gradients, in three published definitions."""
    input:
        gradients="<results>/tables/gradients.parquet",
        library=shared("figures", "planes"),
    output:
        svg=report(
            "<results>/figures/szt_4.svg",
            caption="../report/plot_szt_4.rst",
            category="Shwartz-Ziv & Tishby (2017)",
            labels={"figure": "4", "shows": "gradient norms"},
        ),
        png="<results>/figures/szt_4.png",
    log:
        "<results>/logs/plot_szt_4.log",
    benchmark:
        "<results>/benchmarks/plot_szt_4.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **config["figures"]["szt_4"],
    script:
        "../../src/plot_szt_4.py"


rule plot_saxe_1a:
    """Draw SAXE figure 1A: the information plane of tanh networks."""
    input:
        information="<results>/tables/information.parquet",
        library=shared("figures", "planes"),
    output:
        svg=report(
            "<results>/figures/saxe_1a.svg",
            caption="../report/plot_saxe_1a.rst",
            category="Saxe et al. (2018)",
            labels={"figure": "1A", "shows": "tanh"},
        ),
        png="<results>/figures/saxe_1a.png",
    log:
        "<results>/logs/plot_saxe_1a.log",
    benchmark:
        "<results>/benchmarks/plot_saxe_1a.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **config["figures"]["saxe_1a"],
    script:
        "../../src/plot_saxe_1a.py"


rule plot_saxe_1b:
    """Draw SAXE figure 1B: the information plane of ReLU networks."""
    input:
        information="<results>/tables/information.parquet",
        library=shared("figures", "planes"),
    output:
        svg=report(
            "<results>/figures/saxe_1b.svg",
            caption="../report/plot_saxe_1b.rst",
            category="Saxe et al. (2018)",
            labels={"figure": "1B", "shows": "ReLU"},
        ),
        png="<results>/figures/saxe_1b.png",
    log:
        "<results>/logs/plot_saxe_1b.log",
    benchmark:
        "<results>/benchmarks/plot_saxe_1b.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **config["figures"]["saxe_1b"],
    script:
        "../../src/plot_saxe_1b.py"


rule plot_saxe_5:
    """Draw SAXE figure 5: mini-batches against full batch, tanh against ReLU."""
    input:
        information="<results>/tables/information.parquet",
        library=shared("figures", "planes"),
    output:
        svg=report(
            "<results>/figures/saxe_5.svg",
            caption="../report/plot_saxe_5.rst",
            category="Saxe et al. (2018)",
            labels={"figure": "5", "shows": "mini-batches against full batch"},
        ),
        png="<results>/figures/saxe_5.png",
    log:
        "<results>/logs/plot_saxe_5.log",
    benchmark:
        "<results>/benchmarks/plot_saxe_5.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **config["figures"]["saxe_5"],
    script:
        "../../src/plot_saxe_5.py"


rule plot_saxe_7:
    """Draw SAXE figure 7: the learning curves of figure 1's networks."""
    input:
        metrics="<results>/tables/metrics.parquet",
        library=shared("figures", "planes"),
    output:
        svg=report(
            "<results>/figures/saxe_7.svg",
            caption="../report/plot_saxe_7.rst",
            category="Saxe et al. (2018)",
            labels={"figure": "7", "shows": "learning curves"},
        ),
        png="<results>/figures/saxe_7.png",
    log:
        "<results>/logs/plot_saxe_7.log",
    benchmark:
        "<results>/benchmarks/plot_saxe_7.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **config["figures"]["saxe_7"],
    script:
        "../../src/plot_saxe_7.py"


rule plot_saxe_20:
    """Draw SAXE figure 20: the gradients' signal-to-noise ratio, tanh against ReLU."""
    input:
        gradients="<results>/tables/gradients.parquet",
        library=shared("figures", "planes"),
    output:
        svg=report(
            "<results>/figures/saxe_20.svg",
            caption="../report/plot_saxe_20.rst",
            category="Saxe et al. (2018)",
            labels={"figure": "20", "shows": "signal-to-noise ratio"},
        ),
        png="<results>/figures/saxe_20.png",
    log:
        "<results>/logs/plot_saxe_20.log",
    benchmark:
        "<results>/benchmarks/plot_saxe_20.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **config["figures"]["saxe_20"],
    script:
        "../../src/plot_saxe_20.py"


rule plot_epochs:
    """Draw I(X;T) against the epoch, layer by layer, for every condition."""
    input:
        information="<results>/tables/information.parquet",
        library=shared("figures", "planes"),
    output:
        svg=report(
            "<results>/figures/infoplane_epochs.svg",
            caption="../report/plot_epochs.rst",
            category="This study",
            labels={"figure": "epochs", "shows": "I(X;T) along training"},
        ),
        png="<results>/figures/infoplane_epochs.png",
    log:
        "<results>/logs/plot_epochs.log",
    benchmark:
        "<results>/benchmarks/plot_epochs.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **config["figures"]["infoplane_epochs"],
    script:
        "../../src/plot_epochs.py"


rule plot_robustness:
    """Draw the drop of every layer under every estimator, and what the verdict depends on."""
    input:
        robustness="<results>/tables/robustness.tsv",
        library=shared("figures"),
    output:
        svg=report(
            "<results>/figures/infoplane_robustness.svg",
            caption="../report/plot_robustness.rst",
            category="This study",
            labels={"figure": "robustness", "shows": "drop under every estimator"},
        ),
        png="<results>/figures/infoplane_robustness.png",
    log:
        "<results>/logs/plot_robustness.log",
    benchmark:
        "<results>/benchmarks/plot_robustness.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **config["figures"]["infoplane_robustness"],
    script:
        "../../src/plot_robustness.py"


rule plot_dependence:
    """Draw information beside a dependence without bins, bits or noise, of the same networks."""
    input:
        information="<results>/tables/information.parquet",
        dependence="<results>/tables/dependence.parquet",
        library=shared("figures"),
    output:
        svg=report(
            "<results>/figures/infoplane_dependence.svg",
            caption="../report/plot_dependence.rst",
            category="This study",
            labels={"figure": "dependence", "shows": "HSIC beside information"},
        ),
        png="<results>/figures/infoplane_dependence.png",
    log:
        "<results>/logs/plot_dependence.log",
    benchmark:
        "<results>/benchmarks/plot_dependence.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        **config["figures"]["infoplane_dependence"],
    script:
        "../../src/plot_dependence.py"


rule plot_audit:
    """Draw how far each estimator is from known mutual information, and how long a call takes."""
    input:
        audit="<results>/tables/audit.tsv",
        library=shared("figures"),
    output:
        svg=report(
            "<results>/figures/infoplane_audit.svg",
            caption="../report/plot_audit.rst",
            category="This study",
            labels={"figure": "audit", "shows": "estimators where the truth is known"},
        ),
        png="<results>/figures/infoplane_audit.png",
    log:
        "<results>/logs/plot_audit.log",
    benchmark:
        "<results>/benchmarks/plot_audit.tsv"
    conda:
        "../../environment.yml"
    resources:
        mem_mb=2000,
        runtime=10,
    script:
        "../../src/plot_audit.py"
