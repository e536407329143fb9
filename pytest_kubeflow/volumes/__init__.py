"""Claims made by the volumes web app, and the viewers of their files in a browser."""
