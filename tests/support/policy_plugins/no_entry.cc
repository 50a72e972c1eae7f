extern "C" int NotWhatIsLookedFor() {
  return 0;
}
