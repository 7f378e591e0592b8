"""Claims of the debate as small statistics on tidy tables, and the verdicts on them.

A claim is an entry of the configuration: who says what, a statistic with its parameters, a
threshold, and the runs, estimators and gradient definitions to judge it on. A new statistic is a
function in a module of `infoplane.claims.statistics`, in one of those there or a new one, with
`claim_statistic` above it; its name is then a `statistic:` of the configuration, and its keywords
are the claim's parameters. It takes the evidence and one case, and returns a `Finding`::

    from infoplane.claims.evidence import Case, Evidence
    from infoplane.claims.findings import Finding, mean_finding
    from infoplane.claims.layers import choose_layers, measured
    from infoplane.claims.registry import claim_statistic


    @claim_statistic(needs=("estimator",), unit="bits")
    def final_bits(evidence: Evidence, case: Case, *, layers: str) -> Finding:
        found = evidence.planes(case)
        chosen = choose_layers(case, found, layers)
        values = measured(case, found, "final_input_bits")[:, chosen]
        return mean_finding(evidence, case, chosen, values, "final I(X;T)")
"""
