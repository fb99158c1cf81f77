// Nothing: that the file is there is what counts.
extern int framepath_simulated_provider;
int framepath_simulated_provider = 1;
