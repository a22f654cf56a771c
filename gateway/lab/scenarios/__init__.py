"""One promise per file; ``gateway.lab.scenario`` says what a scenario is made of."""
