// Where a complaint is, with similar ones and its district's outline; no tiles, nobody is asked.
const data = JSON.parse(document.getElementById("desk-map-data")?.textContent ?? "null");

const LEAST_METRES = 400;

function popup(near) {
  const text = document.createElement("span");
  const name = document.createElement(near.address ? "a" : "span");
  name.textContent = near.id;
  if (near.address) name.href = near.address;
  text.append(name, " ", near.words);
  return text;
}

if (data) {
  const map = L.map("desk-map", { zoomControl: true, scrollWheelZoom: false });
  map.attributionControl.setPrefix(false);
  if (data.district) {
    L.geoJSON(data.district, { interactive: false, className: "desk-district" }).addTo(map);
  }
  L.circle(data.point, {
    radius: data.duplicateMetres,
    interactive: false,
    className: "desk-radius",
  }).addTo(map);
  for (const near of data.near) {
    L.circleMarker(near.point, {
      radius: 6,
      className: near.isOpen ? "desk-near-open" : "desk-near-closed",
    })
      .bindPopup(popup(near))
      .addTo(map);
  }
  L.circleMarker(data.point, { radius: 9, className: "desk-here" }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  const around = L.latLng(data.point).toBounds(LEAST_METRES);
  map.fitBounds(data.near.reduce((bounds, near) => bounds.extend(near.point), around).pad(0.1));
}
