/**
 * Makes pusher-js recover events that it missed while disconnected from a Peal
 * server:
 *
 *   recover(new Pusher(key, options));
 *
 * Call it before pusher-js connects. Channels receive the missed events in
 * order, as ordinary events. If the server no longer has them, the channel
 * emits `peal:gap`; reload its state then.
 */
export default function recover(pusher) {
  const places = new Map(); // channel -> { epoch, offset }
  const send = pusher.send_event.bind(pusher);
  let former; // the socket id of the previous connection

  pusher.send_event = (event, data, channel) => {
    if (event === 'pusher:unsubscribe') places.delete(data.channel);
    const since = { ...places.get(data?.channel), socket_id: former };
    return send(event, event === 'pusher:subscribe' ? { ...data, since } : data, channel);
  };

  const onMessage = ({ data }) => {
    const { event, channel, position, recovered, offset } = JSON.parse(data);
    const place = places.get(channel);
    const isGap = event === 'pusher_internal:gap' || (position && place && !recovered);
    if (position) places.set(channel, position);
    else if (offset && place) place.offset = offset;
    if (isGap) pusher.channel(channel)?.emit('peal:gap', {});
  };

  const onConnected = () => {
    former = pusher.connection.socket_id;
    pusher.connection.connection.transport.bind('message', onMessage);
  };
  pusher.connection.bind('connected', onConnected);
  if (pusher.connection.state === 'connected') onConnected();
  return pusher;
}
