// Tiles below the hexagons, where the city asks for them, and who made them.

/** Lay tiles under a map; `words` are the data of its element. */
export function layTiles(map, words) {
  window.L.tileLayer(words.tiles, { attribution: words.tilesBy }).addTo(map);
  if (words.tilesBy) window.L.control.attribution({ prefix: false }).addTo(map);
}
