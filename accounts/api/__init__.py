"""What every API shares about credentials and repeated requests."""
