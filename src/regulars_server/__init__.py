"""The application: people, side effects, transactions. It imports the library; the library never imports it."""
