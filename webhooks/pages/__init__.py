"""The pages of webhook endpoints, for members who may manage everything."""
