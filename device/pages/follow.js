{{! Loads the page again once the attempt is over. The setup Wi-Fi pauses meanwhile: no answer means to ask again. }}
(function ask(){
setTimeout(function(){
var request=new XMLHttpRequest;
request.open("GET","/api/status");
request.timeout=5e3;
request.onloadend=function(){
var state="connecting";
try{state=JSON.parse(request.responseText).state}catch(e){}
state=="connecting"?ask():location.reload()
};
request.send()
},2e3)
})()
