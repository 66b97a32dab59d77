"""The pages that an invited person sees."""
